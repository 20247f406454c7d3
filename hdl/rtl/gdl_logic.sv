// Generated from menu low_multiplicity 6. Do not edit.
// sha256 e8b674d1ced88f9139a5c01425c6bf576d32716c3f4eb032d0165bb1b7e360c5
//
// Global decision logic: every output line is a sum of products of the input bits.
module gdl_logic (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         valid_i,
  input  logic [319:0] data_i,
  output logic         valid_o,
  output logic [319:0] data_o
);

  wire in_ehigh = data_i[6];
  wire in_ecl_3dbha = data_i[9];
  wire in_bha_veto = data_i[10];
  wire in_bha_intrk = data_i[11];
  wire in_ecl_bhapur = data_i[12];
  wire in_bha_theta_0 = data_i[13];
  wire in_bha_theta_1 = data_i[14];
  wire in_ecl_mumu = data_i[15];
  wire in_clst_2 = data_i[20];
  wire in_clst_3 = data_i[21];
  wire in_ecl_lml_0 = data_i[22];
  wire in_ecl_lml_1 = data_i[23];
  wire in_ecl_lml_2 = data_i[24];
  wire in_ecl_lml_3 = data_i[25];
  wire in_ecl_lml_4 = data_i[26];
  wire in_ecl_lml_5 = data_i[27];
  wire in_ecl_lml_6 = data_i[28];
  wire in_ecl_lml_7 = data_i[29];
  wire in_ecl_lml_8 = data_i[30];
  wire in_ecl_lml_9 = data_i[31];
  wire in_ecl_lml_10 = data_i[32];
  wire in_ecl_lml_12 = data_i[34];
  wire in_ecl_lml_13 = data_i[35];
  wire in_ecl_taub2b = data_i[36];
  wire in_ecl_taub2b3 = data_i[38];
  wire in_ecl_hie4 = data_i[42];
  wire in_t2_0 = data_i[64];
  wire in_t2_1 = data_i[65];
  wire in_t2_2 = data_i[66];
  wire in_t2_3 = data_i[67];
  wire in_ts_0 = data_i[68];
  wire in_ts_1 = data_i[69];
  wire in_ts_2 = data_i[70];
  wire in_ts_3 = data_i[71];
  wire in_ty_0 = data_i[72];
  wire in_ty_1 = data_i[73];
  wire in_ty_2 = data_i[74];
  wire in_ty_3 = data_i[75];
  wire in_typ = data_i[76];
  wire in_cdc_open90 = data_i[77];
  wire in_f2f30 = data_i[78];
  wire in_cdc_b2b5 = data_i[79];
  wire in_fwd_s = data_i[81];
  wire in_bwd_s = data_i[82];
  wire in_dvt = data_i[83];
  wire in_cdcecl_0 = data_i[96];
  wire in_cdcecl_1 = data_i[97];
  wire in_cdcecl_2 = data_i[98];
  wire in_cdcecl_3 = data_i[99];
  wire in_cdcklm_0 = data_i[100];
  wire in_cdcklm_1 = data_i[101];
  wire in_d5 = data_i[102];
  wire in_p5 = data_i[103];
  wire in_trkbha1 = data_i[104];
  wire in_trkbha2 = data_i[105];
  wire in_seklm_0 = data_i[106];
  wire in_seklm_1 = data_i[107];
  wire in_ieklm = data_i[108];
  wire in_ecleklm = data_i[109];
  wire in_s2fo = data_i[110];
  wire in_s2so = data_i[111];
  wire in_klm_0 = data_i[112];
  wire in_klm_1 = data_i[113];
  wire in_klm_2 = data_i[114];
  wire in_klmb2b = data_i[115];
  wire in_klm_hit = data_i[116];
  wire in_veto = data_i[120];
  wire in_bha_delay = data_i[121];
  wire in_pseud_rand = data_i[122];
  wire in_poissonin = data_i[123];
  wire in_track = data_i[128];
  wire in_samhem = data_i[129];
  wire in_opohem = data_i[130];
  wire in_ycdcklm_0 = data_i[132];
  wire in_ycdcklm_1 = data_i[133];
  wire in_typecl = data_i[134];
  wire in_typklm = data_i[135];
  wire in_eklm_0 = data_i[144];
  wire in_eklm_1 = data_i[145];
  wire in_eklm_2 = data_i[146];
  wire in_eklmb2b = data_i[147];
  wire in_eklm_hit = data_i[148];

  logic [319:0] line;

  // 0 lml0: ecl_lml_0 and !veto
  assign line[0] = in_ecl_lml_0 & ~in_veto;

  // 1 lml1: ecl_lml_1 and !veto
  assign line[1] = in_ecl_lml_1 & ~in_veto;

  // 2 lml2: ecl_lml_2 and !veto
  assign line[2] = in_ecl_lml_2 & ~in_veto;

  // 3 lml3: ecl_lml_3 and !veto
  assign line[3] = in_ecl_lml_3 & ~in_veto;

  // 4 lml4: ecl_lml_4 and !veto
  assign line[4] = in_ecl_lml_4 & ~in_veto;

  // 5 lml5: ecl_lml_5 and !veto
  assign line[5] = in_ecl_lml_5 & ~in_veto;

  // 6 lml6: ecl_lml_6 and !veto
  assign line[6] = in_ecl_lml_6 & ~in_veto;

  // 7 lml7: ecl_lml_7 and !veto
  assign line[7] = in_ecl_lml_7 & ~in_veto;

  // 8 lml8: ecl_lml_8 and !veto
  assign line[8] = in_ecl_lml_8 & ~in_veto;

  // 9 lml9: ecl_lml_9 and !veto
  assign line[9] = in_ecl_lml_9 & ~in_veto;

  // 10 lml10: ecl_lml_10 and !veto
  assign line[10] = in_ecl_lml_10 & ~in_veto;

  // 12 lml12: ecl_lml_12 and !veto
  assign line[12] = in_ecl_lml_12 & ~in_veto;

  // 13 lml13: ecl_lml_13 and !veto
  assign line[13] = in_ecl_lml_13 & ~in_veto;

  // 14 lml1_nobha: ecl_lml_1 and !bha_veto and !veto
  assign line[14] = in_ecl_lml_1 & ~in_bha_veto & ~in_veto;

  // 16 hie: ehigh and !bha_veto and !veto
  assign line[16] = in_ehigh & ~in_bha_veto & ~in_veto;

  // 17 hie4: ecl_hie4 and !bha_veto and !veto
  assign line[17] = in_ecl_hie4 & ~in_bha_veto & ~in_veto;

  // 18 c4: clst>3 and !bha_veto and !veto
  assign line[18] =
    (in_clst_2 & ~in_bha_veto & ~in_veto) |
    (in_clst_3 & ~in_bha_veto & ~in_veto);

  // 19 eclmumu: ecl_mumu and !bha_veto and !veto
  assign line[19] = in_ecl_mumu & ~in_bha_veto & ~in_veto;

  // 20 ecltaub2b: ecl_taub2b and !bha_veto and !veto
  assign line[20] = in_ecl_taub2b & ~in_bha_veto & ~in_veto;

  // 21 ecltaub2b3: ecl_taub2b3 and !bha_veto and !veto
  assign line[21] = in_ecl_taub2b3 & ~in_bha_veto & ~in_veto;

  // 22 ecltaub2b_track: ecl_taub2b and track and !bha_veto and !veto
  assign line[22] = in_ecl_taub2b & in_track & ~in_bha_veto & ~in_veto;

  // 32 bhapur_fwd1: ecl_bhapur and bha_theta=0 and !veto
  assign line[32] = in_ecl_bhapur & ~in_bha_theta_0 & ~in_bha_theta_1 & ~in_veto;

  // 33 bhapur_fwd2: ecl_bhapur and bha_theta=1 and !veto
  assign line[33] = in_ecl_bhapur & in_bha_theta_0 & ~in_bha_theta_1 & ~in_veto;

  // 34 bhapur_fwd3: ecl_bhapur and bha_theta=2 and !veto
  assign line[34] = in_ecl_bhapur & ~in_bha_theta_0 & in_bha_theta_1 & ~in_veto;

  // 35 bhapur_brl: ecl_bhapur and bha_theta=3 and !veto
  assign line[35] = in_ecl_bhapur & in_bha_theta_0 & in_bha_theta_1 & ~in_veto;

  // 36 bha3d: ecl_3dbha and !veto
  assign line[36] = in_ecl_3dbha & ~in_veto;

  // 37 ggsel: ecl_3dbha and !(trkbha1 or trkbha2) and bha_intrk and !veto
  assign line[37] = in_ecl_3dbha & ~in_trkbha1 & ~in_trkbha2 & in_bha_intrk & ~in_veto;

  // 64 stt: typ and !bha_veto and !veto
  assign line[64] = in_typ & ~in_bha_veto & ~in_veto;

  // 65 sttecl: typ and cdcecl>0 and !bha_veto and !veto
  assign line[65] =
    (in_typ & in_cdcecl_0 & ~in_bha_veto & ~in_veto) |
    (in_typ & in_cdcecl_1 & ~in_bha_veto & ~in_veto) |
    (in_typ & in_cdcecl_2 & ~in_bha_veto & ~in_veto) |
    (in_typ & in_cdcecl_3 & ~in_bha_veto & ~in_veto);

  // 66 fyo: t2>1 and ty>0 and cdc_open90 and !bha_veto and !veto
  assign line[66] =
    (in_t2_1 & in_ty_0 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_ty_0 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_ty_0 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_1 & in_ty_1 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_ty_1 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_ty_1 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_1 & in_ty_2 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_ty_2 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_ty_2 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_1 & in_ty_3 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_ty_3 & in_cdc_open90 & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_ty_3 & in_cdc_open90 & ~in_bha_veto & ~in_veto);

  // 67 ffb: t2>1 and cdc_b2b5 and !bha_veto and !veto
  assign line[67] =
    (in_t2_1 & in_cdc_b2b5 & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_cdc_b2b5 & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_cdc_b2b5 & ~in_bha_veto & ~in_veto);

  // 68 ff30: t2>1 and f2f30 and !bha_veto and !veto
  assign line[68] =
    (in_t2_1 & in_f2f30 & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_f2f30 & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_f2f30 & ~in_bha_veto & ~in_veto);

  // 69 ffy: t2>2 and ty>0 and !veto
  assign line[69] =
    (in_t2_2 & in_ty_0 & ~in_veto) |
    (in_t2_3 & in_ty_0 & ~in_veto) |
    (in_t2_2 & in_ty_1 & ~in_veto) |
    (in_t2_3 & in_ty_1 & ~in_veto) |
    (in_t2_2 & in_ty_2 & ~in_veto) |
    (in_t2_3 & in_ty_2 & ~in_veto) |
    (in_t2_2 & in_ty_3 & ~in_veto) |
    (in_t2_3 & in_ty_3 & ~in_veto);

  // 70 eed: t2_1 and cdcecl_1 and d5 and !bha_veto and !veto
  assign line[70] = in_t2_1 & in_cdcecl_1 & in_d5 & ~in_bha_veto & ~in_veto;

  // 71 fed: t2_0 and cdcecl_0 and d5 and !bha_veto and !veto
  assign line[71] = in_t2_0 & in_cdcecl_0 & in_d5 & ~in_bha_veto & ~in_veto;

  // 72 fp: t2_0 and p5 and !bha_veto and !veto
  assign line[72] = in_t2_0 & in_p5 & ~in_bha_veto & ~in_veto;

  // 73 ff: t2>1 and !bha_veto and !veto
  assign line[73] =
    (in_t2_1 & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & ~in_bha_veto & ~in_veto);

  // 74 fff: t2>2 and !veto
  assign line[74] =
    (in_t2_2 & ~in_veto) |
    (in_t2_3 & ~in_veto);

  // 75 fso: t2>0 and ts>0 and s2fo and !bha_veto and !veto
  assign line[75] =
    (in_t2_0 & in_ts_0 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_1 & in_ts_0 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_ts_0 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_ts_0 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_0 & in_ts_1 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_1 & in_ts_1 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_ts_1 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_ts_1 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_0 & in_ts_2 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_1 & in_ts_2 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_ts_2 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_ts_2 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_0 & in_ts_3 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_1 & in_ts_3 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_2 & in_ts_3 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_t2_3 & in_ts_3 & in_s2fo & ~in_bha_veto & ~in_veto);

  // 76 sso: ts>1 and s2so and !bha_veto and !veto
  assign line[76] =
    (in_ts_1 & in_s2so & ~in_bha_veto & ~in_veto) |
    (in_ts_2 & in_s2so & ~in_bha_veto & ~in_veto) |
    (in_ts_3 & in_s2so & ~in_bha_veto & ~in_veto);

  // 77 syo: ts>0 and ty>0 and s2fo and !bha_veto and !veto
  assign line[77] =
    (in_ts_0 & in_ty_0 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_1 & in_ty_0 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_2 & in_ty_0 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_3 & in_ty_0 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_0 & in_ty_1 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_1 & in_ty_1 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_2 & in_ty_1 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_3 & in_ty_1 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_0 & in_ty_2 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_1 & in_ty_2 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_2 & in_ty_2 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_3 & in_ty_2 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_0 & in_ty_3 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_1 & in_ty_3 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_2 & in_ty_3 & in_s2fo & ~in_bha_veto & ~in_veto) |
    (in_ts_3 & in_ty_3 & in_s2fo & ~in_bha_veto & ~in_veto);

  // 78 shem: samhem and !veto
  assign line[78] = in_samhem & ~in_veto;

  // 79 ohem: opohem and !bha_veto and !veto
  assign line[79] = in_opohem & ~in_bha_veto & ~in_veto;

  // 80 cdcklm1: cdcklm_0 and !bha_veto and !veto
  assign line[80] = in_cdcklm_0 & ~in_bha_veto & ~in_veto;

  // 81 cdcklm2: cdcklm_1 and !bha_veto and !veto
  assign line[81] = in_cdcklm_1 & ~in_bha_veto & ~in_veto;

  // 82 mu_pair: klm>0 and t2>1 and !veto
  assign line[82] =
    (in_klm_0 & in_t2_1 & ~in_veto) |
    (in_klm_1 & in_t2_1 & ~in_veto) |
    (in_klm_2 & in_t2_1 & ~in_veto) |
    (in_klm_0 & in_t2_2 & ~in_veto) |
    (in_klm_1 & in_t2_2 & ~in_veto) |
    (in_klm_2 & in_t2_2 & ~in_veto) |
    (in_klm_0 & in_t2_3 & ~in_veto) |
    (in_klm_1 & in_t2_3 & ~in_veto) |
    (in_klm_2 & in_t2_3 & ~in_veto);

  // 83 mu_b2b: klmb2b and !veto
  assign line[83] = in_klmb2b & ~in_veto;

  // 84 klmhit: klm_hit and !veto
  assign line[84] = in_klm_hit & ~in_veto;

  // 85 eklmhit: eklm_hit and !veto
  assign line[85] = in_eklm_hit & ~in_veto;

  // 86 klm2: klm>1 and !bha_veto and !veto
  assign line[86] =
    (in_klm_1 & ~in_bha_veto & ~in_veto) |
    (in_klm_2 & ~in_bha_veto & ~in_veto);

  // 87 eklm2: eklm>1 and !bha_veto and !veto
  assign line[87] =
    (in_eklm_1 & ~in_bha_veto & ~in_veto) |
    (in_eklm_2 & ~in_bha_veto & ~in_veto);

  // 88 beklm: eklm=1 and klm=1 and !bha_veto and !veto
  assign line[88] = in_eklm_0 & ~in_eklm_1 & ~in_eklm_2 & in_klm_0 & ~in_klm_1 & ~in_klm_2 &
    ~in_bha_veto & ~in_veto;

  // 89 mu_epair: eklm>0 and !veto
  assign line[89] =
    (in_eklm_0 & ~in_veto) |
    (in_eklm_1 & ~in_veto) |
    (in_eklm_2 & ~in_veto);

  // 90 mu_eb2b: eklmb2b and !veto
  assign line[90] = in_eklmb2b & ~in_veto;

  // 91 seklm1: seklm_0 and !bha_veto and !veto
  assign line[91] = in_seklm_0 & ~in_bha_veto & ~in_veto;

  // 92 seklm2: seklm_1 and !bha_veto and !veto
  assign line[92] = in_seklm_1 & ~in_bha_veto & ~in_veto;

  // 93 ieklm1: ieklm and !bha_veto and !veto
  assign line[93] = in_ieklm & ~in_bha_veto & ~in_veto;

  // 94 fwd_seklm: fwd_s and eklm_hit and !veto
  assign line[94] = in_fwd_s & in_eklm_hit & ~in_veto;

  // 95 bwd_seklm: bwd_s and eklm_hit and !veto
  assign line[95] = in_bwd_s & in_eklm_hit & ~in_veto;

  // 96 random: pseud_rand and !veto
  assign line[96] = in_pseud_rand & ~in_veto;

  // 97 poisson: poissonin and !veto
  assign line[97] = in_poissonin & ~in_veto;

  // 98 bg: bha_delay and !veto
  assign line[98] = in_bha_delay & ~in_veto;

  // 100 ecleklm1: ecleklm and !bha_veto and !veto
  assign line[100] = in_ecleklm & ~in_bha_veto & ~in_veto;

  // 101 ycdcklm1: ycdcklm_0 and !bha_veto and !veto
  assign line[101] = in_ycdcklm_0 & ~in_bha_veto & ~in_veto;

  // 102 ycdcklm2: ycdcklm_1 and !bha_veto and !veto
  assign line[102] = in_ycdcklm_1 & ~in_bha_veto & ~in_veto;

  // 103 sttklm: typklm and !bha_veto and !veto
  assign line[103] = in_typklm & ~in_bha_veto & ~in_veto;

  // 104 sttecl_3d: typecl and !bha_veto and !veto
  assign line[104] = in_typecl & ~in_bha_veto & ~in_veto;

  // 105 dvt: dvt and !bha_veto and !veto
  assign line[105] = in_dvt & ~in_bha_veto & ~in_veto;

  assign line[11] = '0;
  assign line[15] = '0;
  assign line[31:23] = '0;
  assign line[63:38] = '0;
  assign line[99] = '0;
  assign line[319:106] = '0;

  // Inputs that no line reads.
  wire unused = &{1'b0, data_i[5:0], data_i[8:7], data_i[19:16], data_i[33], data_i[37],
    data_i[41:39], data_i[63:43], data_i[80], data_i[95:84], data_i[119:117], data_i[127:124],
    data_i[131], data_i[143:136], data_i[319:149]};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= valid_i;
  end

  always_ff @(posedge clk_i) data_o <= line;

endmodule
