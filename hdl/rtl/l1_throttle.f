hdl/generated/l1_pkg.sv
hdl/generated/l1_throttle_registers.sv
hdl/rtl/l1_throttle/l1_throttle_ages.sv
hdl/rtl/l1_throttle/l1_throttle_bucket.sv
hdl/rtl/l1_throttle/l1_throttle_apv.sv
hdl/rtl/l1_throttle/l1_throttle_veto.sv
hdl/rtl/l1_throttle.sv
