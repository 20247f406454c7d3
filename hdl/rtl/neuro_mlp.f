hdl/generated/l1_pkg.sv
hdl/generated/neuro_mlp_hidden_rom.sv
hdl/generated/neuro_mlp_output_rom.sv
hdl/generated/neuro_mlp_tanh_rom.sv
hdl/rtl/neuro_mlp/neuro_mlp_address.sv
hdl/rtl/neuro_mlp/neuro_mlp_tanh.sv
hdl/rtl/neuro/neuro_layer.sv
hdl/rtl/neuro_mlp.sv
