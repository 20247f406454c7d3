hdl/generated/l1_pkg.sv
hdl/generated/displaced_hough_registers.sv
hdl/generated/displaced_hough_cross.sv
hdl/rtl/displaced_hough/displaced_hough_arm.sv
hdl/rtl/displaced_hough/displaced_hough_ring.sv
hdl/rtl/displaced_hough.sv
