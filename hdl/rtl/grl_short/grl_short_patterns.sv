// All patterns at all bins: short tracks, and where those of each side come out. One stage, on clocks
// with `valid_i`.
module grl_short_patterns
  import l1_pkg::*;
#(
    parameter int BINS = 64
) (
    input  logic              clk_i,
    input  logic              valid_i,
    // Superlayers 0 to 4; of superlayer 0 only bins that full tracks leave.
    input  logic [5*BINS-1:0] segment_i,
    output logic [  BINS-1:0] short_o,
    // Forward, then backward.
    output logic [2*BINS-1:0] ecl_o,
    output logic [2*BINS-1:0] klm_o
);
  localparam BW = $clog2(BINS);

  // Bit i is bit i + by, round the circle.
  function automatic logic [BINS-1:0] beyond(input logic [BINS-1:0] mask, input int by);
    beyond = (mask >> by) | (mask << (BINS - by));
  endfunction

  always_ff @(posedge clk_i) begin : find
    logic [BINS-1:0] hit, any;
    logic [2*BINS-1:0] ecl, klm;
    any = '0;
    ecl = '0;
    klm = '0;
    if (valid_i) begin
      for (int p = 0; p < SHORT_PATTERNS; p++) begin
        hit = segment_i[0+:BINS] &
            beyond(segment_i[1*BINS+:BINS], 32'(SHORT_OFFSETS[(4*p+0)*BW+:BW])) &
            beyond(segment_i[2*BINS+:BINS], 32'(SHORT_OFFSETS[(4*p+1)*BW+:BW])) &
            beyond(segment_i[3*BINS+:BINS], 32'(SHORT_OFFSETS[(4*p+2)*BW+:BW])) &
            beyond(segment_i[4*BINS+:BINS], 32'(SHORT_OFFSETS[(4*p+3)*BW+:BW]));
        any = any | hit;
        if (p < SHORT_FORWARD) begin
          ecl[0+:BINS] = ecl[0+:BINS] | beyond(hit, BINS - 32'(SHORT_TO_ECL[p*BW+:BW]));
          klm[0+:BINS] = klm[0+:BINS] | beyond(hit, BINS - 32'(SHORT_TO_KLM[p*BW+:BW]));
        end else begin
          ecl[BINS+:BINS] = ecl[BINS+:BINS] | beyond(hit, BINS - 32'(SHORT_TO_ECL[p*BW+:BW]));
          klm[BINS+:BINS] = klm[BINS+:BINS] | beyond(hit, BINS - 32'(SHORT_TO_KLM[p*BW+:BW]));
        end
      end
      short_o <= any;
      ecl_o   <= ecl;
      klm_o   <= klm;
    end
  end
endmodule
