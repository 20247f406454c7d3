hdl/generated/l1_pkg.sv
hdl/rtl/ecl_cluster/ecl_cluster_sums.sv
hdl/rtl/ecl_cluster/ecl_cluster_seeds.sv
hdl/rtl/ecl_cluster/ecl_cluster_cells.sv
hdl/rtl/ecl_cluster/ecl_cluster_mean.sv
hdl/rtl/ecl_cluster.sv
