// Part of cdc_event_time: place of the lowest bit that is set; two clocks.
module cdc_event_time_first (
    input  logic         clk_i,
    // Stages: the vector is there; its sixteenths are known.
    input  logic         vector_i,
    input  logic         parts_i,
    input  logic [255:0] bits_i,
    output logic         some_o,
    output logic [  7:0] place_o
);
  // Lowest set bit of 16; 0 when there is none.
  function automatic [3:0] lowest(input [15:0] bits);
    logic [15:0] one;
    one = bits & (~bits + 16'd1);
    lowest = {|(one & 16'hff00), |(one & 16'hf0f0), |(one & 16'hcccc), |(one & 16'haaaa)};
  endfunction

  logic [15:0] some_q;
  logic [63:0] place_q;
  always_ff @(posedge clk_i) begin
    if (vector_i) begin
      for (int g = 0; g < 16; g++) begin
        some_q[g] <= |bits_i[16*g+:16];
        place_q[4*g+:4] <= lowest(bits_i[16*g+:16]);
      end
    end
    if (parts_i) begin
      some_o  <= |some_q;
      place_o <= {lowest(some_q), place_q[4*lowest(some_q)+:4]};
    end
  end
endmodule
