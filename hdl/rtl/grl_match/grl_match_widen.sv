// Bins at most so many bins from one of a map, round the circle.
module grl_match_widen #(
    parameter int BINS = 36,
    parameter int BY   = 1
) (
    input  logic [BINS-1:0] map_i,
    output logic [BINS-1:0] map_o
);
  wire [2*BINS-1:0] twice = {2{map_i}};
  always_comb begin
    map_o = map_i;
    for (int r = 1; r <= BY; r++) map_o = map_o | twice[r+:BINS] | twice[BINS-r+:BINS];
  end
endmodule
