// Part of ecl_cluster: the cells of a frame, and two readers of the 3x3 around a cell.
module ecl_cluster_cells
  import l1_pkg::*;
(
    input  logic                              clk_i,
    input  logic                              valid_i,
    input  logic [                       3:0] beat_i,
    // Half of the barrel memories that this frame is written to; the other one is read.
    input  logic                              side_i,
    // Energies and times of the beat's cells.
    input  logic [ECL_CLUSTER_BEAT_FRAME_LOW-1:0] data_i,
    // First clock after the last beat.
    input  logic                              hold_i,
    // Cell asked for: part (0 barrel, 1 forward, 2 backward), column or group, place in it.
    input  logic                              first_i,
    input  logic [                       1:0] first_part_i,
    input  logic [                       5:0] first_column_i,
    input  logic [                       3:0] first_position_i,
    input  logic                              second_i,
    input  logic [                       1:0] second_part_i,
    input  logic [                       5:0] second_column_i,
    input  logic [                       3:0] second_position_i,
    // First reader: {energy, ~id, column, position} of nine cells; energy 0: none.
    output logic [                  9*32-1:0] key_o,
    // Second reader: energies and times of nine cells.
    output logic [  9*ECL_FRAME_ENERGY_W-1:0] energy_o,
    output logic [    9*ECL_FRAME_TIME_W-1:0] time_o,
    // Endcap cells for the ring sums.
    output logic [(ECL_FIRST_BARREL-1)*ECL_FRAME_ENERGY_W-1:0] forward_energy_o,
    output logic [ECL_ENDCAP_GROUPS*ECL_BACKWARD_GROUP*ECL_FRAME_ENERGY_W-1:0] backward_energy_o
);
  localparam LANES = ECL_CLUSTER_BEAT_ENERGY_N;
  localparam BEATS = ECL_CLUSTER_BEATS;
  localparam EW = ECL_FRAME_ENERGY_W;
  localparam TW = ECL_FRAME_TIME_W;
  localparam IDW = ECL_CLUSTERS_TC_W;
  localparam KEYW = 32;
  localparam WIN = 9;
  localparam WINW = WIN * 4;
  localparam ROWS = ECL_BARREL_RINGS;
  localparam COLUMNS = ECL_BARREL_PHI;
  localparam GROUPS = ECL_ENDCAP_GROUPS;
  localparam FK = ECL_FORWARD_GROUP;
  localparam BK = ECL_BACKWARD_GROUP;
  localparam FORWARD = FK * GROUPS;
  localparam BACKWARD = BK * GROUPS;
  localparam [1:0] IN_BARREL = 2'd0, IN_FORWARD = 2'd1;

  // Barrel. The first cell is lane 8 of beat 2: lanes 8 to 19 and 20 to 31 are two whole columns
  // (number 0 and 1 modulo 3), lanes 32 to 35 and, one beat later, 0 to 7 the lower and the upper
  // piece of a third. So three columns side by side always lie in different memories.
  localparam LANE_0 = 8;
  localparam LANE_1 = LANE_0 + ROWS;
  localparam LANE_2 = LANE_1 + ROWS;
  localparam LOWER = LANES - LANE_2;
  localparam [3:0] ROW_0 = 4'd2;
  localparam TIME_LOW = ECL_CLUSTER_BEAT_TIME_LOW;
  logic [LANE_0*EW-1:0] upper_energy[2*BEATS];
  logic [ROWS*EW-1:0] column0_energy[2*BEATS];
  logic [ROWS*EW-1:0] column1_energy[2*BEATS];
  logic [LOWER*EW-1:0] lower_energy[2*BEATS];
  logic [LANE_0*TW-1:0] upper_time[2*BEATS];
  logic [ROWS*TW-1:0] column0_time[2*BEATS];
  logic [ROWS*TW-1:0] column1_time[2*BEATS];
  logic [LOWER*TW-1:0] lower_time[2*BEATS];
  wire [4:0] write_at = {side_i, beat_i};
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      upper_energy[write_at] <= data_i[0+:LANE_0*EW];
      column0_energy[write_at] <= data_i[LANE_0*EW+:ROWS*EW];
      column1_energy[write_at] <= data_i[LANE_1*EW+:ROWS*EW];
      lower_energy[write_at] <= data_i[LANE_2*EW+:LOWER*EW];
      upper_time[write_at] <= data_i[TIME_LOW+:LANE_0*TW];
      column0_time[write_at] <= data_i[TIME_LOW+LANE_0*TW+:ROWS*TW];
      column1_time[write_at] <= data_i[TIME_LOW+LANE_1*TW+:ROWS*TW];
      lower_time[write_at] <= data_i[TIME_LOW+LANE_2*TW+:LOWER*TW];
    end
  end

  // Endcaps. The forward cells come first and would be overwritten by the next frame: held.
  localparam F_TAIL = FORWARD - 2 * LANES;
  localparam B_HEAD = LANES - LANE_0;
  logic [FORWARD*EW-1:0] forward_in_energy;
  logic [FORWARD*TW-1:0] forward_in_time, forward_time;
  logic [BACKWARD*TW-1:0] backward_time;
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      case (beat_i)
        4'd0: begin
          forward_in_energy[0+:LANES*EW] <= data_i[0+:LANES*EW];
          forward_in_time[0+:LANES*TW]   <= data_i[TIME_LOW+:LANES*TW];
        end
        4'd1: begin
          forward_in_energy[LANES*EW+:LANES*EW] <= data_i[0+:LANES*EW];
          forward_in_time[LANES*TW+:LANES*TW]   <= data_i[TIME_LOW+:LANES*TW];
        end
        4'd2: begin
          forward_in_energy[2*LANES*EW+:F_TAIL*EW] <= data_i[0+:F_TAIL*EW];
          forward_in_time[2*LANES*TW+:F_TAIL*TW]   <= data_i[TIME_LOW+:F_TAIL*TW];
        end
        4'd14: begin
          backward_energy_o[0+:B_HEAD*EW] <= data_i[LANE_0*EW+:B_HEAD*EW];
          backward_time[0+:B_HEAD*TW]     <= data_i[TIME_LOW+LANE_0*TW+:B_HEAD*TW];
        end
        4'd15: begin
          backward_energy_o[B_HEAD*EW+:LANES*EW] <= data_i[0+:LANES*EW];
          backward_time[B_HEAD*TW+:LANES*TW]     <= data_i[TIME_LOW+:LANES*TW];
        end
        default: ;
      endcase
    end
    if (hold_i) begin
      forward_energy_o <= forward_in_energy;
      forward_time     <= forward_in_time;
    end
  end

  // Column c of the barrel: row c / 3 of bank c mod 3. 43 / 128 is near enough to 1 / 3 up to 35.
  localparam [3:0] LAST_ROW = 4'(COLUMNS / 3 - 1);
  function automatic [3:0] third(input [5:0] c);
    third = 4'((13'(c) * 13'd43) >> 7);
  endfunction
  function automatic [1:0] rest(input [5:0] c);
    rest = 2'(c - 6'(third(c)) * 6'd3);
  endfunction
  // Row of bank 0 and of bank 2 for the column in {row, bank} or its neighbour in that bank.
  function automatic [3:0] row_in_0(input [3:0] row, input [1:0] bank);
    row_in_0 = bank != 2'd2 ? row : row == LAST_ROW ? '0 : row + 4'd1;
  endfunction
  function automatic [3:0] row_in_2(input [3:0] row, input [1:0] bank);
    row_in_2 = bank != 2'd0 ? row : row == '0 ? LAST_ROW : row - 4'd1;
  endfunction
  // Address of a row, by the beat in which row 0 is written.
  function automatic [4:0] at(input side, input [3:0] row, input [3:0] row_0);
    at = {side, row + row_0};
  endfunction
  // Is the place d - 1 off position p still in the column?
  function automatic inside_column(input [3:0] p, input [1:0] d);
    inside_column = d == 2'd0 ? p != '0 : d == 2'd1 || p != 4'(ROWS - 1);
  endfunction
  function automatic [KEYW-1:0] barrel_key(input present, input [EW-1:0] energy,
                                           input [3:0] row, input [1:0] bank, input [3:0] p);
    logic [5:0] c;
    c = 6'(row) * 6'd3 + 6'(bank);
    barrel_key = {present ? energy : EW'(0),
                  ~(IDW'(ECL_FIRST_BARREL) + IDW'(c) * IDW'(ROWS) + IDW'(p)), c, p};
  endfunction

  function automatic [5:0] next(input [5:0] g);
    next = g == 6'(GROUPS - 1) ? '0 : g + 6'd1;
  endfunction
  function automatic [5:0] previous(input [5:0] g);
    previous = g == '0 ? 6'(GROUPS - 1) : g - 6'd1;
  endfunction
  // Cell i of {next, own, previous} group, of `size` cells each.
  function automatic [KEYW-1:0] endcap_key(input [EW-1:0] energy, input [IDW-1:0] base,
                                           input [3:0] size, input [5:0] own, input [3:0] i);
    logic [5:0] g;
    logic [3:0] k;
    g = i < size ? previous(own) : i < 4'(size * 2) ? own : next(own);
    k = i < size ? i : i < 4'(size * 2) ? i - size : i - 4'(size * 2);
    endcap_key = {energy, ~(base + IDW'(g) * IDW'(size) + IDW'(k)), g, k};
  endfunction

  wire read_side = !side_i;
  always_ff @(posedge clk_i) begin
    if (first_i) begin : first
      logic [3:0] row, r0, r2, p, i;
      logic [1:0] bank;
      logic [EW-1:0] third_energy;
      logic [16*EW-1:0] near;
      logic [WINW-1:0] index;
      if (first_part_i == IN_BARREL) begin
        row  = third(first_column_i);
        bank = rest(first_column_i);
        r0   = row_in_0(row, bank);
        r2   = row_in_2(row, bank);
        for (int d = 0; d < 3; d++) begin
          p = first_position_i + 4'(d) - 4'd1;
          third_energy = p < 4'(LOWER) ? lower_energy[at(read_side, r2, ROW_0)][p*EW+:EW] :
              upper_energy[at(read_side, r2, ROW_0 + 4'd1)][(p-4'(LOWER))*EW+:EW];
          key_o[(3*d)*KEYW+:KEYW] <= barrel_key(
              inside_column(first_position_i, 2'(d)),
              column0_energy[at(read_side, r0, ROW_0)][p*EW+:EW], r0, 2'd0, p);
          key_o[(3*d+1)*KEYW+:KEYW] <= barrel_key(
              inside_column(first_position_i, 2'(d)),
              column1_energy[at(read_side, row, ROW_0)][p*EW+:EW], row, 2'd1, p);
          key_o[(3*d+2)*KEYW+:KEYW] <= barrel_key(
              inside_column(first_position_i, 2'(d)), third_energy, r2, 2'd2, p);
        end
      end else if (first_part_i == IN_FORWARD) begin
        near = {{EW{1'b0}}, forward_energy_o[next(first_column_i)*FK*EW+:FK*EW],
                forward_energy_o[first_column_i*FK*EW+:FK*EW],
                forward_energy_o[previous(first_column_i)*FK*EW+:FK*EW]};
        index = ECL_FORWARD_WINDOW[first_position_i*WINW+:WINW];
        for (int s = 0; s < WIN; s++) begin
          i = index[s*4+:4];
          key_o[s*KEYW+:KEYW] <= endcap_key(near[i*EW+:EW], IDW'(1), 4'(FK), first_column_i, i);
        end
      end else begin
        near = {{(4 * EW) {1'b0}}, backward_energy_o[next(first_column_i)*BK*EW+:BK*EW],
                backward_energy_o[first_column_i*BK*EW+:BK*EW],
                backward_energy_o[previous(first_column_i)*BK*EW+:BK*EW]};
        index = ECL_BACKWARD_WINDOW[first_position_i[1:0]*WINW+:WINW];
        for (int s = 0; s < WIN; s++) begin
          i = index[s*4+:4];
          key_o[s*KEYW+:KEYW] <= endcap_key(
              near[i*EW+:EW], IDW'(ECL_FIRST_BACKWARD), 4'(BK), first_column_i, i);
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (second_i) begin : second
      logic [3:0] row, r0, r2, p, i;
      logic [1:0] bank;
      logic present;
      logic [16*EW-1:0] near_energy;
      logic [16*TW-1:0] near_time;
      logic [WINW-1:0] index;
      if (second_part_i == IN_BARREL) begin
        row  = third(second_column_i);
        bank = rest(second_column_i);
        r0   = row_in_0(row, bank);
        r2   = row_in_2(row, bank);
        for (int d = 0; d < 3; d++) begin
          p = second_position_i + 4'(d) - 4'd1;
          present = inside_column(second_position_i, 2'(d));
          energy_o[3*d*EW+:EW] <= present ? column0_energy[at(read_side, r0, ROW_0)][p*EW+:EW] : '0;
          energy_o[(3*d+1)*EW+:EW] <=
              present ? column1_energy[at(read_side, row, ROW_0)][p*EW+:EW] : '0;
          energy_o[(3*d+2)*EW+:EW] <= !present ? '0 :
              p < 4'(LOWER) ? lower_energy[at(read_side, r2, ROW_0)][p*EW+:EW] :
              upper_energy[at(read_side, r2, ROW_0 + 4'd1)][(p-4'(LOWER))*EW+:EW];
          time_o[3*d*TW+:TW] <= column0_time[at(read_side, r0, ROW_0)][p*TW+:TW];
          time_o[(3*d+1)*TW+:TW] <= column1_time[at(read_side, row, ROW_0)][p*TW+:TW];
          time_o[(3*d+2)*TW+:TW] <=
              p < 4'(LOWER) ? lower_time[at(read_side, r2, ROW_0)][p*TW+:TW] :
              upper_time[at(read_side, r2, ROW_0 + 4'd1)][(p-4'(LOWER))*TW+:TW];
        end
      end else begin
        if (second_part_i == IN_FORWARD) begin
          near_energy = {{EW{1'b0}}, forward_energy_o[next(second_column_i)*FK*EW+:FK*EW],
                         forward_energy_o[second_column_i*FK*EW+:FK*EW],
                         forward_energy_o[previous(second_column_i)*FK*EW+:FK*EW]};
          near_time = {{TW{1'b0}}, forward_time[next(second_column_i)*FK*TW+:FK*TW],
                       forward_time[second_column_i*FK*TW+:FK*TW],
                       forward_time[previous(second_column_i)*FK*TW+:FK*TW]};
          index = ECL_FORWARD_WINDOW[second_position_i*WINW+:WINW];
        end else begin
          near_energy = {{(4 * EW) {1'b0}}, backward_energy_o[next(second_column_i)*BK*EW+:BK*EW],
                         backward_energy_o[second_column_i*BK*EW+:BK*EW],
                         backward_energy_o[previous(second_column_i)*BK*EW+:BK*EW]};
          near_time = {{(4 * TW) {1'b0}}, backward_time[next(second_column_i)*BK*TW+:BK*TW],
                       backward_time[second_column_i*BK*TW+:BK*TW],
                       backward_time[previous(second_column_i)*BK*TW+:BK*TW]};
          index = ECL_BACKWARD_WINDOW[second_position_i[1:0]*WINW+:WINW];
        end
        for (int s = 0; s < WIN; s++) begin
          i = index[s*4+:4];
          energy_o[s*EW+:EW] <= near_energy[i*EW+:EW];
          time_o[s*TW+:TW] <= near_time[i*TW+:TW];
        end
      end
    end
  end
endmodule
