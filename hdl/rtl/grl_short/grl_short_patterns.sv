// All patterns at all bins: short tracks, and where those of each side come out. Combinational.
module grl_short_patterns
  import l1_pkg::*;
#(
    parameter int BINS = 64
) (
    // Superlayers 0 to 4; of superlayer 0 only bins that full tracks leave.
    input  logic [5*BINS-1:0] segment_i,
    output logic [  BINS-1:0] short_o,
    output logic [       1:0] side_o,
    // Forward, then backward.
    output logic [2*BINS-1:0] ecl_o,
    output logic [2*BINS-1:0] klm_o
);
  localparam N = SHORT_PATTERNS;
  localparam BW = $clog2(BINS);

  // Bit i is bit i + by, round the circle.
  function automatic logic [BINS-1:0] beyond(input logic [BINS-1:0] mask, input int by);
    beyond = (mask >> by) | (mask << (BINS - by));
  endfunction

  logic [N*BINS-1:0] hit, ecl, klm;
  for (genvar p = 0; p < N; p++) begin : g_pattern
    wire [BINS-1:0] here = segment_i[0+:BINS] &
        beyond(segment_i[1*BINS+:BINS], 32'(SHORT_OFFSETS[(4*p+0)*BW+:BW])) &
        beyond(segment_i[2*BINS+:BINS], 32'(SHORT_OFFSETS[(4*p+1)*BW+:BW])) &
        beyond(segment_i[3*BINS+:BINS], 32'(SHORT_OFFSETS[(4*p+2)*BW+:BW])) &
        beyond(segment_i[4*BINS+:BINS], 32'(SHORT_OFFSETS[(4*p+3)*BW+:BW]));
    assign hit[p*BINS+:BINS] = here;
    assign ecl[p*BINS+:BINS] = beyond(here, BINS - 32'(SHORT_TO_ECL[p*BW+:BW]));
    assign klm[p*BINS+:BINS] = beyond(here, BINS - 32'(SHORT_TO_KLM[p*BW+:BW]));
  end

  always_comb begin
    short_o = '0;
    ecl_o   = '0;
    klm_o   = '0;
    for (int p = 0; p < N; p++) begin
      short_o = short_o | hit[p*BINS+:BINS];
      if (p < SHORT_FORWARD) begin
        ecl_o[0+:BINS] = ecl_o[0+:BINS] | ecl[p*BINS+:BINS];
        klm_o[0+:BINS] = klm_o[0+:BINS] | klm[p*BINS+:BINS];
      end else begin
        ecl_o[BINS+:BINS] = ecl_o[BINS+:BINS] | ecl[p*BINS+:BINS];
        klm_o[BINS+:BINS] = klm_o[BINS+:BINS] | klm[p*BINS+:BINS];
      end
    end
    side_o = {|ecl_o[BINS+:BINS], |ecl_o[0+:BINS]};
  end
endmodule
