hdl/generated/l1_pkg.sv
hdl/generated/grl_short_registers.sv
hdl/rtl/grl_short/grl_short_bin.sv
hdl/rtl/grl_short/grl_short_patterns.sv
hdl/rtl/grl_short.sv
