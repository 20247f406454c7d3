hdl/generated/l1_pkg.sv
hdl/generated/cdc_event_time_registers.sv
hdl/rtl/cdc_event_time/cdc_event_time_add.sv
hdl/rtl/cdc_event_time/cdc_event_time_count.sv
hdl/rtl/cdc_event_time/cdc_event_time_first.sv
hdl/rtl/cdc_event_time/cdc_event_time_sum.sv
hdl/rtl/cdc_event_time.sv
