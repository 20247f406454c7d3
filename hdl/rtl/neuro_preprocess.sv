// Inputs of the neural track trigger from a 2D track and its segments: see
// docs/reference/neuro_preprocess.md. A track on every clock.
// Stages: 1 ages and angles, 2 event time and azimuths, 3 drift times and products, 4 limits and
// references, 5 relative IDs and windows, 6 choice of the stereo segments, 7 inputs and expert.
module neuro_preprocess
  import l1_pkg::*;
(
    input  logic                            clk_i,
    input  logic                            rst_ni,
    // Configuration writes, while no frame is in flight.
    input  logic                            cfg_valid_i,
    input  logic [                    11:0] cfg_addr_i,
    input  logic [                    31:0] cfg_data_i,
    input  logic                            valid_i,
    /* verilator lint_off UNUSEDSIGNAL */  // high bits of the clock: hits persist for 16 clocks
    input  logic [TRACK_SEGMENTS_WIDTH-1:0] data_i,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic                            valid_o,
    output logic [   NEURO_INPUT_WIDTH-1:0] data_o
);
  localparam STAGES = 7;
  localparam NW = NEURO_NODE_W;
  localparam AW = NEURO_ANGLE_W;
  localparam KW = NEURO_CONSTANT_W;
  localparam TW = TRACK_SEGMENTS_EVENT_TIME_W;
  localparam IDW = TRACK_SEGMENTS_AXIAL_ID_W;
  localparam LRW = TRACK_SEGMENTS_AXIAL_LR_W;
  localparam POW = TRACK_SEGMENTS_AXIAL_POSITION_W;
  localparam PW = TRACK_SEGMENTS_AXIAL_PATTERN_W;
  localparam AXIAL = TRACK_SEGMENTS_AXIAL_ID_N;
  localparam STEREO = AXIAL - 1;
  localparam SLOTS = TRACK_SEGMENTS_STEREO_ID_N / STEREO;
  localparam SUPERLAYERS = AXIAL + STEREO;
  localparam [POW-1:0] FIRST = 3;
  // Ids and references: within +-2^19 counts. Half windows: below 2^11.
  localparam REFERENCE_W = 20;
  localparam RELATIVE_W = 12;
  // {pattern, first priority, lr, drift time, relative ID}
  localparam ITEM_W = PW + 1 + LRW + TW + RELATIVE_W;
  localparam SIDE_AT = RELATIVE_W + TW;
  localparam KEY_W = TW + 1;
  localparam ALPHAS_W = 2 * SUPERLAYERS * AW;
  // Fields of the track, as they lie in both words.
  localparam TRACK_W = NEURO_INPUT_WIDTH - NEURO_INPUT_OMEGA_LOW;

  logic [0:0] t0_source, clamp;
  neuro_preprocess_registers u_registers (.*);

  logic [STAGES-1:0] valid_q;
  assign valid_o = valid_q[STAGES-1];
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[STAGES-2:0], valid_i};
  end
  logic [STAGES*TRACK_W-1:0] track_q;
  always_ff @(posedge clk_i) begin
    track_q <= {track_q[(STAGES-1)*TRACK_W-1:0], data_i[TRACK_SEGMENTS_OMEGA_LOW+:TRACK_W]};
  end

  // ---------------------------------------------------------------------------- track
  logic [ALPHAS_W-1:0] alphas;
  neuro_preprocess_alpha_rom u_alpha (
      .clk_i,
      .address_i(data_i[TRACK_SEGMENTS_OMEGA_LOW+:TRACK_SEGMENTS_OMEGA_W]),
      .word_o   (alphas)
  );
  logic [AW-1:0] phi;
  neuro_preprocess_phi_rom u_phi (
      .clk_i,
      .address_i(data_i[TRACK_SEGMENTS_PHI0_LOW+:TRACK_SEGMENTS_PHI0_W]),
      .word_o   (phi)
  );
  // Until the inputs are made.
  logic [5*ALPHAS_W-1:0] alphas_q;
  always_ff @(posedge clk_i) alphas_q <= {alphas_q[4*ALPHAS_W-1:0], alphas};

  // ---------------------------------------------------------------------------- event time
  wire [TW-1:0] now = {data_i[TRACK_SEGMENTS_CLOCK_LOW+:TW-4], 4'hf};
  // {there is one, age}, the largest is the earliest.
  logic [AXIAL*(TW+1)-1:0] starts;
  logic [TW:0] event_q, start_q;
  function automatic [TW:0] earlier(input [TW:0] one, input [TW:0] other);
    earlier = one > other ? one : other;
  endfunction
  wire [TW:0] low = earlier(starts[0+:TW+1], starts[TW+1+:TW+1]);
  wire [TW:0] high = earlier(starts[2*(TW+1)+:TW+1], starts[3*(TW+1)+:TW+1]);
  wire [TW:0] earliest = earlier(earlier(low, high), starts[4*(TW+1)+:TW+1]);
  always_ff @(posedge clk_i) begin
    event_q <= {
      data_i[TRACK_SEGMENTS_EVENT_VALID_LOW], now - data_i[TRACK_SEGMENTS_EVENT_TIME_LOW+:TW]
    };
    start_q <= t0_source[0] && event_q[TW] ? event_q : earliest;
  end

  // ---------------------------------------------------------------------------- superlayers
  logic [SUPERLAYERS-1:0] found;
  for (genvar s = 0; s < SUPERLAYERS; s++) begin : g_superlayer
    localparam [KW-1:0] WIRES = NEURO_RELATIVE_WIRES[s*KW+:KW];
    localparam [KW-1:0] OFFSET = NEURO_RELATIVE_OFFSET[s*KW+:KW];
    localparam [KW-1:0] HALF = NEURO_RELATIVE_HALF[s*KW+:KW];
    localparam [KW-1:0] SHIFT = NEURO_RELATIVE_SHIFT[s*KW+:KW];
    wire [AW-1:0] first_alpha = alphas[2*s*AW+:AW];
    wire [AW-1:0] second_alpha = alphas[(2*s+1)*AW+:AW];
    logic [ITEM_W-1:0] item;

    if (s % 2 == 0) begin : g_axial
      localparam K = s / 2;
      wire [POW-1:0] position = data_i[TRACK_SEGMENTS_AXIAL_POSITION_LOW+K*POW+:POW];
      logic is_first_q, is_some_q, found_q;
      logic [TW-1:0] age;
      logic [REFERENCE_W-1:0] reference;
      logic [ITEM_W-1:0] item_q;
      always_ff @(posedge clk_i) begin
        is_first_q <= position == FIRST;
        is_some_q  <= position != '0;
      end
      assign starts[K*(TW+1)+:TW+1] = is_some_q ? {1'b1, age} : '0;
      neuro_preprocess_reference #(
          .WIRES      (WIRES),
          .REFERENCE_W(REFERENCE_W)
      ) u_reference (
          .clk_i,
          .phi_i      (phi),
          .alpha_i    (is_first_q ? first_alpha : second_alpha),
          .reference_o(reference)
      );
      neuro_preprocess_segment #(
          .OFFSET     (OFFSET),
          .HALF       (HALF),
          .REFERENCE_W(REFERENCE_W),
          .RELATIVE_W (RELATIVE_W),
          .ITEM_W     (ITEM_W)
      ) u_segment (
          .clk_i,
          .clamp_i   (clamp[0]),
          .valid_i   (1'b1),
          .now_i     (now),
          .id_i      (data_i[TRACK_SEGMENTS_AXIAL_ID_LOW+K*IDW+:IDW]),
          .time_i    (data_i[TRACK_SEGMENTS_AXIAL_TIME_LOW+K*TW+:TW]),
          .lr_i      (data_i[TRACK_SEGMENTS_AXIAL_LR_LOW+K*LRW+:LRW]),
          .position_i(position),
          .pattern_i (data_i[TRACK_SEGMENTS_AXIAL_PATTERN_LOW+K*PW+:PW]),
          .age_o     (age),
          .start_i   (start_q),
          .first_i   (reference),
          .second_i  (reference),
          .found_o   (found_q),
          .item_o    (item_q)
      );
      // No choice: as late as a stereo segment.
      logic found_late_q;
      always_ff @(posedge clk_i) begin
        found_late_q <= found_q;
        item <= item_q;
      end
      assign found[s] = found_late_q;
    end else begin : g_stereo
      localparam K = s / 2;
      logic [REFERENCE_W-1:0] first_reference, second_reference;
      neuro_preprocess_reference #(
          .WIRES      (WIRES),
          .REFERENCE_W(REFERENCE_W)
      ) u_first (
          .clk_i,
          .phi_i      (phi),
          .alpha_i    (first_alpha),
          .reference_o(first_reference)
      );
      neuro_preprocess_reference #(
          .WIRES      (WIRES),
          .REFERENCE_W(REFERENCE_W)
      ) u_second (
          .clk_i,
          .phi_i      (phi),
          .alpha_i    (second_alpha),
          .reference_o(second_reference)
      );
      logic [SLOTS-1:0] slot_found;
      logic [SLOTS*KEY_W-1:0] keys;
      logic [SLOTS*ITEM_W-1:0] items;
      for (genvar j = 0; j < SLOTS; j++) begin : g_slot
        localparam AT = K * SLOTS + j;
        // A known side comes before any drift time of an unknown one: 1 right, 2 left.
        wire known = ^items[j*ITEM_W+SIDE_AT+:LRW];
        assign keys[j*KEY_W+:KEY_W] = {!known, items[j*ITEM_W+RELATIVE_W+:TW]};
        neuro_preprocess_segment #(
            .OFFSET     (OFFSET),
            .HALF       (HALF),
            .REFERENCE_W(REFERENCE_W),
            .RELATIVE_W (RELATIVE_W),
            .ITEM_W     (ITEM_W)
        ) u_segment (
            .clk_i,
            .clamp_i   (clamp[0]),
            .valid_i   (data_i[TRACK_SEGMENTS_STEREO_VALID_LOW+AT]),
            .now_i     (now),
            .id_i      (data_i[TRACK_SEGMENTS_STEREO_ID_LOW+AT*IDW+:IDW]),
            .time_i    (data_i[TRACK_SEGMENTS_STEREO_TIME_LOW+AT*TW+:TW]),
            .lr_i      (data_i[TRACK_SEGMENTS_STEREO_LR_LOW+AT*LRW+:LRW]),
            .position_i(data_i[TRACK_SEGMENTS_STEREO_POSITION_LOW+AT*POW+:POW]),
            .pattern_i (data_i[TRACK_SEGMENTS_STEREO_PATTERN_LOW+AT*PW+:PW]),
            /* verilator lint_off PINCONNECTEMPTY */
            .age_o     (),
            /* verilator lint_on PINCONNECTEMPTY */
            .start_i   (start_q),
            .first_i   (first_reference),
            .second_i  (second_reference),
            .found_o   (slot_found[j]),
            .item_o    (items[j*ITEM_W+:ITEM_W])
        );
      end
      neuro_preprocess_choice #(
          .N     (SLOTS),
          .KEY_W (KEY_W),
          .ITEM_W(ITEM_W)
      ) u_choice (
          .clk_i,
          .found_i(slot_found),
          .keys_i (keys),
          .items_i(items),
          .found_o(found[s]),
          .item_o (item)
      );
    end

    neuro_preprocess_inputs #(
        .SHIFT     (SHIFT),
        .RELATIVE_W(RELATIVE_W),
        .ITEM_W    (ITEM_W)
    ) u_inputs (
        .clk_i,
        .found_i  (found[s]),
        .item_i   (item),
        .first_i  (alphas_q[4*ALPHAS_W+2*s*AW+:AW]),
        .second_i (alphas_q[4*ALPHAS_W+(2*s+1)*AW+:AW]),
        .inputs_o (data_o[NEURO_INPUT_INPUT_LOW+3*s*NW+:3*NW]),
        .pattern_o(data_o[NEURO_INPUT_PATTERN_LOW+s*PW+:PW])
    );
  end

  // ---------------------------------------------------------------------------- expert
  // Experts count from the outside: 1 without superlayer 7, 4 without superlayer 1.
  localparam EW = NEURO_INPUT_EXPERT_W;
  wire [STEREO-1:0] missing = ~{found[1], found[3], found[5], found[7]};
  logic [EW-1:0] expert_q;
  always_ff @(posedge clk_i) begin
    case (missing)
      4'b0000: expert_q <= EW'(0);
      4'b0001: expert_q <= EW'(1);
      4'b0010: expert_q <= EW'(2);
      4'b0100: expert_q <= EW'(3);
      4'b1000: expert_q <= EW'(4);
      default: expert_q <= EW'(5);
    endcase
  end
  assign data_o[NEURO_INPUT_EXPERT_LOW+:EW] = expert_q;
  assign data_o[NEURO_INPUT_OMEGA_LOW+:TRACK_W] = track_q[(STAGES-1)*TRACK_W+:TRACK_W];
endmodule
