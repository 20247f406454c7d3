// The block gdl_inputs with one channel an input: a shift register and a counter, as one would
// first write it. Verify it with: lowmult verify gdl_inputs --dut examples/rtl/gdl_inputs.sv
module gdl_inputs (
    input  logic         clk_i,
    input  logic         rst_ni,
    input  logic         cfg_valid_i,
    input  logic [ 11:0] cfg_addr_i,
    input  logic [ 31:0] cfg_data_i,
    input  logic         valid_i,
    input  logic [319:0] data_i,
    output logic         valid_o,
    output logic [319:0] data_o
);
  logic valid_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {valid_o, valid_q} <= '0;
    else {valid_o, valid_q} <= {valid_q, valid_i};
  end

  for (genvar i = 0; i < 320; i++) begin : g_channel
    logic [4:0] delay_q;
    logic [5:0] width_q;
    logic [31:0] history_q;  // bit d: an edge d ticks ago
    logic [5:0] left_q;
    logic last_q;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        delay_q <= 0;
        width_q <= 1;
      end else if (cfg_valid_i && cfg_addr_i == 12'(i)) begin
        delay_q <= cfg_data_i[4:0];
      end else if (cfg_valid_i && cfg_addr_i == 12'('h200 + i)) begin
        width_q <= cfg_data_i[5:0];
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        history_q <= 0;
        last_q <= 0;
      end else if (valid_i) begin
        history_q <= {history_q[30:0], data_i[i] & ~last_q};
        last_q <= data_i[i];
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) left_q <= 0;
      else if (valid_q) begin
        if (history_q[delay_q]) left_q <= width_q - 1;
        else if (left_q != 0) left_q <= left_q - 1;
        data_o[i] <= history_q[delay_q] | (left_q != 0);
      end
    end
  end
endmodule
