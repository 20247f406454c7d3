// Part of neuro_preprocess: the segment of the smallest key, of equal ones the lowest slot.
// One clock. All pairs are compared at once.
module neuro_preprocess_choice #(
    // Segments; bits of a key and of what goes with it.
    parameter N = 1,
    parameter KEY_W = 1,
    parameter ITEM_W = 1
) (
    input  logic                clk_i,
    input  logic [       N-1:0] found_i,
    input  logic [ N*KEY_W-1:0] keys_i,
    input  logic [N*ITEM_W-1:0] items_i,
    output logic                found_o,
    // Anything where none is found.
    output logic [  ITEM_W-1:0] item_o
);
  // Of slots i < j, i is not behind j; slot i is ahead of slot j.
  logic [N*N-1:0] ordered, ahead;
  for (genvar i = 0; i < N; i++) begin : g_slot
    for (genvar j = 0; j < N; j++) begin : g_other
      if (i < j) begin : g_above
        assign ordered[i*N+j] = {!found_i[i], keys_i[i*KEY_W+:KEY_W]}
            <= {!found_i[j], keys_i[j*KEY_W+:KEY_W]};
        assign ahead[i*N+j] = ordered[i*N+j];
      end else begin : g_below
        assign ordered[i*N+j] = 1'b0;
        assign ahead[i*N+j]   = i == j || !ordered[j*N+i];
      end
    end
  end

  // The item of the slot that is ahead of all, ored over slots.
  logic [(N+1)*ITEM_W-1:0] chosen;
  assign chosen[0+:ITEM_W] = '0;
  for (genvar i = 0; i < N; i++) begin : g_item
    assign chosen[(i+1)*ITEM_W+:ITEM_W] = chosen[i*ITEM_W+:ITEM_W] |
        (&ahead[i*N+:N] ? items_i[i*ITEM_W+:ITEM_W] : {ITEM_W{1'b0}});
  end
  always_ff @(posedge clk_i) begin
    found_o <= |found_i;
    item_o  <= chosen[N*ITEM_W+:ITEM_W];
  end
endmodule
