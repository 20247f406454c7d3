hdl/generated/l1_pkg.sv
hdl/generated/klm_sector_registers.sv
hdl/rtl/klm_sector/klm_sector_enough.sv
hdl/rtl/klm_sector.sv
