// Buffer of a front end between Level-1 accept and link: see docs/reference/derandomizer.md.
//
// The event in service lies in registers, those behind it in a memory with one read port.
module derandomizer
  import l1_pkg::*;
(
    input  logic                                 clk_i,
    input  logic                                 rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                                 cfg_valid_i,
    input  logic [                         11:0] cfg_addr_i,
    input  logic [                         31:0] cfg_data_i,
    input  logic                                 valid_i,
    input  logic [ DERANDOMIZER_INPUT_WIDTH-1:0] data_i,
    output logic                                 valid_o,
    output logic [DERANDOMIZER_OUTPUT_WIDTH-1:0] data_o
);
  localparam COUNT_W = DERANDOMIZER_REG_DEPTH_W;
  localparam SERVICE_W = DERANDOMIZER_INPUT_SERVICE_W;
  localparam TAG_W = DERANDOMIZER_OUTPUT_TAG_W;
  localparam OCCUPANCY_W = DERANDOMIZER_OUTPUT_OCCUPANCY_W;
  localparam PLACE_W = COUNT_W - 1;
  localparam PLACES = 1 << PLACE_W;

  logic [COUNT_W-1:0] depth_q;
  logic [COUNT_W-1:0] almost_full_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      depth_q <= COUNT_W'(DERANDOMIZER_REG_DEPTH_DEFAULT);
      almost_full_q <= COUNT_W'(DERANDOMIZER_REG_ALMOST_FULL_DEFAULT);
    end else if (cfg_valid_i) begin
      if (cfg_addr_i == 12'(DERANDOMIZER_REG_DEPTH_ADDR)) depth_q <= cfg_data_i[COUNT_W-1:0];
      if (cfg_addr_i == 12'(DERANDOMIZER_REG_ALMOST_FULL_ADDR))
        almost_full_q <= cfg_data_i[COUNT_W-1:0];
    end
  end

  logic l1;
  logic ready;
  logic [SERVICE_W-1:0] service;
  assign l1 = data_i[DERANDOMIZER_INPUT_L1_LOW];
  assign ready = data_i[DERANDOMIZER_INPUT_READY_LOW];
  assign service = data_i[DERANDOMIZER_INPUT_SERVICE_LOW+:SERVICE_W];

  // Stage 1: the departure of this tick first, then its arrival.
  logic [COUNT_W-1:0] inside_q;
  logic [SERVICE_W-1:0] left_q;  // ticks after the coming one in which the first is still read
  logic [TAG_W-1:0] first_tag_q;
  logic [TAG_W-1:0] next_tag_q;
  logic [PLACE_W-1:0] read_q;
  logic [PLACE_W-1:0] write_q;
  logic overflow_q;
  logic sent_q;
  logic [TAG_W-1:0] tag_q;

  logic leaves;
  logic [COUNT_W-1:0] stay;
  logic enters;
  logic follows;
  logic queues;
  assign leaves = inside_q != '0 && left_q == '0 && ready;
  assign stay = inside_q - COUNT_W'(leaves);
  assign enters = l1 && stay < depth_q;
  assign follows = leaves && stay != '0;  // the first of those behind takes the server
  assign queues = enters && stay != '0;

  logic [TAG_W+SERVICE_W-1:0] behind[PLACES];
  logic [TAG_W-1:0] behind_tag;
  logic [SERVICE_W-1:0] behind_service;
  assign {behind_tag, behind_service} = behind[read_q];
  always_ff @(posedge clk_i) if (valid_i && queues) behind[write_q] <= {next_tag_q, service};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      inside_q <= '0;
      next_tag_q <= '0;
      read_q <= '0;
      write_q <= '0;
      overflow_q <= 1'b0;
    end else if (valid_i) begin
      inside_q <= stay + COUNT_W'(enters);
      next_tag_q <= next_tag_q + TAG_W'(l1);
      read_q <= read_q + PLACE_W'(follows);
      write_q <= write_q + PLACE_W'(queues);
      overflow_q <= overflow_q || (l1 && !enters);
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      if (follows) begin
        left_q <= behind_service - 1'b1;
        first_tag_q <= behind_tag;
      end else if (enters && stay == '0) begin
        left_q <= service - 1'b1;
        first_tag_q <= next_tag_q;
      end else if (left_q != '0) begin
        left_q <= left_q - 1'b1;
      end
      sent_q <= leaves;
      tag_q <= leaves ? first_tag_q : '0;
    end
  end

  // Stage 2.
  logic valid_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      valid_o <= 1'b0;
    end else begin
      valid_q <= valid_i;
      valid_o <= valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    data_o[DERANDOMIZER_OUTPUT_OCCUPANCY_LOW+:OCCUPANCY_W] <= OCCUPANCY_W'(inside_q);
    data_o[DERANDOMIZER_OUTPUT_BUSY_LOW] <= inside_q >= almost_full_q;
    data_o[DERANDOMIZER_OUTPUT_SENT_LOW] <= sent_q;
    data_o[DERANDOMIZER_OUTPUT_TAG_LOW+:TAG_W] <= tag_q;
    data_o[DERANDOMIZER_OUTPUT_OVERFLOW_LOW] <= overflow_q;
  end
endmodule
