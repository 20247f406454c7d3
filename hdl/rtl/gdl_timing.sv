// Event-time source of the Level-1 decision: see docs/reference/gdl_timing.md.
module gdl_timing
  import l1_pkg::*;
(
    input  logic                            clk_i,
    input  logic                            rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                            cfg_valid_i,
    input  logic [                    11:0] cfg_addr_i,
    input  logic [                    31:0] cfg_data_i,
    input  logic                            valid_i,
    input  logic [GDL_TIMING_INPUT_WIDTH-1:0] data_i,
    output logic                            valid_o,
    output logic [    GDL_DECISION_WIDTH-1:0] data_o
);
  // One source a slot, by its code: ECL, TOP, CDC. Code 3 is SELF.
  localparam SLOTS = GDL_TIMING_REG_MIN_QUALITY_N;
  localparam RANKS = GDL_TIMING_REG_PRIORITY_N;
  localparam CODE_W = GDL_DECISION_SOURCE_W;
  localparam TIME_W = GDL_DECISION_TIME_W;
  localparam QUALITY_W = GDL_DECISION_QUALITY_W;
  localparam [CODE_W-1:0] SELF = {CODE_W{1'b1}};

  logic [RANKS*CODE_W-1:0] priority_q;
  logic [SLOTS*QUALITY_W-1:0] min_quality_q;

  for (genvar i = 0; i < RANKS; i++) begin : g_priority
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) priority_q[i*CODE_W+:CODE_W] <= GDL_TIMING_REG_PRIORITY_DEFAULT[i*CODE_W+:CODE_W];
      else if (cfg_valid_i && cfg_addr_i == 12'(GDL_TIMING_REG_PRIORITY_ADDR + i))
        priority_q[i*CODE_W+:CODE_W] <= cfg_data_i[CODE_W-1:0];
    end
  end

  for (genvar i = 0; i < SLOTS; i++) begin : g_min_quality
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)
        min_quality_q[i*QUALITY_W+:QUALITY_W] <= QUALITY_W'(GDL_TIMING_REG_MIN_QUALITY_DEFAULT);
      else if (cfg_valid_i && cfg_addr_i == 12'(GDL_TIMING_REG_MIN_QUALITY_ADDR + i))
        min_quality_q[i*QUALITY_W+:QUALITY_W] <= cfg_data_i[QUALITY_W-1:0];
    end
  end

  // Stage 1: which sources qualify.
  logic [SLOTS-1:0] given;
  logic [SLOTS*TIME_W-1:0] times;
  logic [SLOTS*QUALITY_W-1:0] qualities;
  logic [SLOTS-1:0] good;
  assign given = {
    data_i[GDL_TIMING_INPUT_CDC_VALID_LOW],
    data_i[GDL_TIMING_INPUT_TOP_VALID_LOW],
    data_i[GDL_TIMING_INPUT_ECL_VALID_LOW]
  };
  assign times = {
    data_i[GDL_TIMING_INPUT_CDC_TIME_LOW+:TIME_W],
    data_i[GDL_TIMING_INPUT_TOP_TIME_LOW+:TIME_W],
    data_i[GDL_TIMING_INPUT_ECL_TIME_LOW+:TIME_W]
  };
  assign qualities = {
    data_i[GDL_TIMING_INPUT_CDC_QUALITY_LOW+:QUALITY_W],
    data_i[GDL_TIMING_INPUT_TOP_QUALITY_LOW+:QUALITY_W],
    data_i[GDL_TIMING_INPUT_ECL_QUALITY_LOW+:QUALITY_W]
  };
  for (genvar i = 0; i < SLOTS; i++) begin : g_good
    assign good[i] = given[i] &&
        qualities[i*QUALITY_W+:QUALITY_W] >= min_quality_q[i*QUALITY_W+:QUALITY_W];
  end

  logic valid_q;
  logic l1_q;
  logic [GDL_TIMING_INPUT_TICK_W-1:0] tick_q;
  logic [SLOTS-1:0] good_q;
  logic [SLOTS*TIME_W-1:0] times_q;
  logic [SLOTS*QUALITY_W-1:0] qualities_q;

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
    l1_q <= data_i[GDL_TIMING_INPUT_L1_LOW];
    tick_q <= data_i[GDL_TIMING_INPUT_TICK_LOW+:GDL_TIMING_INPUT_TICK_W];
    good_q <= good;
    times_q <= times;
    qualities_q <= qualities;
  end

  // Stage 2: the best rank wins; walking from the worst to the best lets the last write stand.
  logic [CODE_W-1:0] source;
  logic [TIME_W-1:0] moment;
  logic [QUALITY_W-1:0] quality;
  logic [CODE_W-1:0] code;
  always_comb begin
    source = SELF;
    moment = {tick_q, 3'b000};
    quality = '0;
    code = SELF;
    for (int rank = RANKS - 1; rank >= 0; rank--) begin
      code = priority_q[rank*CODE_W+:CODE_W];
      if (code == SELF) begin
        source = SELF;
        moment = {tick_q, 3'b000};
        quality = '0;
      end else if (good_q[code]) begin
        source = code;
        moment = times_q[code*TIME_W+:TIME_W];
        quality = qualities_q[code*QUALITY_W+:QUALITY_W];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    data_o <= '0;
    if (l1_q) begin
      data_o[GDL_DECISION_L1_LOW] <= 1'b1;
      data_o[GDL_DECISION_SOURCE_LOW+:CODE_W] <= source;
      data_o[GDL_DECISION_TIME_LOW+:TIME_W] <= moment;
      data_o[GDL_DECISION_QUALITY_LOW+:QUALITY_W] <= quality;
    end
  end
endmodule
