-- The block gdl_timing in VHDL, as a user of `lowmult verify --dut` would write it.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity gdl_timing is
  port (
    clk_i       : in  std_logic;
    rst_ni      : in  std_logic;
    cfg_valid_i : in  std_logic;
    cfg_addr_i  : in  std_logic_vector(11 downto 0);
    cfg_data_i  : in  std_logic_vector(31 downto 0);
    valid_i     : in  std_logic;
    data_i      : in  std_logic_vector(62 downto 0);
    valid_o     : out std_logic;
    data_o      : out std_logic_vector(18 downto 0)
  );
end entity;

architecture rtl of gdl_timing is
  type code_array is array (0 to 2) of unsigned(1 downto 0);
  type time_array is array (0 to 2) of std_logic_vector(13 downto 0);
  constant SELF : unsigned(1 downto 0) := "11";

  -- Codes: 0 ECL, 1 TOP, 2 CDC. Low bits of their fields (valid, time, quality) in data_i.
  type index_array is array (0 to 2) of natural;
  constant VALID_LOW : index_array := (29, 12, 46);

  signal source_order : code_array;
  signal min_quality  : code_array;
  signal frame_q      : std_logic_vector(62 downto 0);
  signal valid_q      : std_logic;
begin
  configure : process (clk_i, rst_ni)
  begin
    if rst_ni = '0' then
      source_order <= (0 => "01", 1 => "00", 2 => "10");
      min_quality  <= (others => "01");
    elsif rising_edge(clk_i) then
      if cfg_valid_i = '1' then
        for i in 0 to 2 loop
          if unsigned(cfg_addr_i) = i then
            source_order(i) <= unsigned(cfg_data_i(1 downto 0));
          end if;
          if unsigned(cfg_addr_i) = 16 + i then
            min_quality(i) <= unsigned(cfg_data_i(1 downto 0));
          end if;
        end loop;
      end if;
    end if;
  end process;

  handshake : process (clk_i, rst_ni)
  begin
    if rst_ni = '0' then
      valid_q <= '0';
      valid_o <= '0';
    elsif rising_edge(clk_i) then
      valid_q <= valid_i;
      valid_o <= valid_q;
    end if;
  end process;

  decide : process (clk_i)
    variable source  : unsigned(1 downto 0);
    variable moment  : std_logic_vector(13 downto 0);
    variable quality : std_logic_vector(1 downto 0);
    variable low     : natural;
  begin
    if rising_edge(clk_i) then
      frame_q <= data_i;
      source  := SELF;
      moment  := frame_q(11 downto 1) & "000";
      quality := "00";
      for rank in 0 to 2 loop
        exit when source_order(rank) = SELF;
        low := VALID_LOW(to_integer(source_order(rank)));
        if frame_q(low) = '1' and unsigned(frame_q(low + 16 downto low + 15)) >=
           min_quality(to_integer(source_order(rank))) then
          source  := source_order(rank);
          moment  := frame_q(low + 14 downto low + 1);
          quality := frame_q(low + 16 downto low + 15);
          exit;
        end if;
      end loop;
      if frame_q(0) = '1' then
        data_o <= quality & moment & std_logic_vector(source) & '1';
      else
        data_o <= (others => '0');
      end if;
    end if;
  end process;
end architecture;
