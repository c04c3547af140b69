//! Transcendental results at high precision, for a judge that is independent of any processor.
//!
//! Each row is rounded to nearest from 600 bits (computed with mpmath; circular functions of an argument reduced
//! modulo half of the 66-bit pi 0x3243F6A8885A308D3 * 2^-65). Operands are random over several magnitudes, plus
//! those next to pi, pi/2 and the limits of the domains.

use scc_emu::fpu::{Circular, Float80, Fpu, LogarithmArgument, Operation};

use Function::{Arctangent, Cosine, LessOne, Power, Sine, Tangent, Whole};

#[derive(Clone, Copy, Debug)]
enum Function {
    Sine,
    Cosine,
    Tangent,
    /// 2^x - 1.
    Power,
    /// y log2(x).
    Whole,
    /// y log2(x + 1).
    LessOne,
    /// The angle of (x, y).
    Arctangent,
}

impl Function {
    /// The instruction, and where its result is afterwards.
    fn operation(self) -> (Operation, u8) {
        match self {
            Sine => (Operation::Circular(Circular::Sine), 0),
            Cosine => (Operation::Circular(Circular::Cosine), 0),
            Tangent => (Operation::Circular(Circular::Tangent), 1),
            Power => (Operation::PowerOfTwoMinusOne, 0),
            Whole => (Operation::Logarithm(LogarithmArgument::Whole), 0),
            LessOne => (Operation::Logarithm(LogarithmArgument::LessOne), 0),
            Arctangent => (Operation::Arctangent, 0),
        }
    }
}

type Parts = (u16, u64);

/// Function, x in ST(0), y in ST(1), result.
#[rustfmt::skip]
const ROWS: &[(Function, Parts, Parts, Parts)] = &[
    (Sine, (0x3FD7, 0x8ABA_63ED_64D9_4A35), (0x3FFF, 0x8000_0000_0000_0000), (0x3FD7, 0x8ABA_63ED_64D9_4A35)),
    (Sine, (0xBFFC, 0xDCE6_E87D_B548_07BF), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFC, 0xDB31_4EF4_C805_A6EE)),
    (Sine, (0xBFFF, 0xDE7B_F098_6BB9_2D99), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFE, 0xFC6C_5172_AE48_4C93)),
    (Sine, (0x4000, 0xE6BA_A786_8865_07B3), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFD, 0xE4ED_B777_0732_5A6F)),
    (Sine, (0x4013, 0x8CD2_B805_065D_E18C), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFE, 0xF1C6_7C78_5E5E_EB70)),
    (Sine, (0xC03D, 0xF39F_1708_D76D_3226), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFE, 0xFF36_E1A5_EC04_54AB)),
    (Sine, (0x4000, 0xC90F_DAA2_2168_C235), (0x3FFF, 0x8000_0000_0000_0000), (0xBFBF, 0x8000_0000_0000_0000)),
    (Sine, (0x3FFF, 0xC90F_DAA2_2168_C235), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFF, 0x8000_0000_0000_0000)),
    (Cosine, (0x3FD7, 0x8ABA_63ED_64D9_4A35), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFF, 0x8000_0000_0000_0000)),
    (Cosine, (0xBFFC, 0xDCE6_E87D_B548_07BF), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFE, 0xFA10_FA17_C1E3_C14B)),
    (Cosine, (0xBFFF, 0xDE7B_F098_6BB9_2D99), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFC, 0xAA94_29AA_4E02_6C88)),
    (Cosine, (0x4000, 0xE6BA_A786_8865_07B3), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFE, 0xE4FC_0BC4_C8A0_CAA3)),
    (Cosine, (0x4013, 0x8CD2_B805_065D_E18C), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFD, 0xA84B_2B61_76D2_9625)),
    (Cosine, (0xC03D, 0xF39F_1708_D76D_3226), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFB, 0xA052_DB3E_08F1_13A0)),
    (Cosine, (0x4000, 0xC90F_DAA2_2168_C235), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFF, 0x8000_0000_0000_0000)),
    (Cosine, (0x3FFF, 0xC90F_DAA2_2168_C235), (0x3FFF, 0x8000_0000_0000_0000), (0xBFBE, 0x8000_0000_0000_0000)),
    (Tangent, (0x3FD7, 0x8ABA_63ED_64D9_4A35), (0x3FFF, 0x8000_0000_0000_0000), (0x3FD7, 0x8ABA_63ED_64D9_4A35)),
    (Tangent, (0xBFFC, 0xDCE6_E87D_B548_07BF), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFC, 0xE064_CA2D_F886_9806)),
    (Tangent, (0xBFFF, 0xDE7B_F098_6BB9_2D99), (0x3FFF, 0x8000_0000_0000_0000), (0x4001, 0xBD6A_36F3_4771_4CAD)),
    (Tangent, (0x4000, 0xE6BA_A786_8865_07B3), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFD, 0xFFEF_FAE9_881A_F226)),
    (Tangent, (0x4013, 0x8CD2_B805_065D_E18C), (0x3FFF, 0x8000_0000_0000_0000), (0xC000, 0xB7E3_6CDE_98A0_0374)),
    (Tangent, (0xC03D, 0xF39F_1708_D76D_3226), (0x3FFF, 0x8000_0000_0000_0000), (0x4002, 0xCBC2_634A_61AD_30E8)),
    (Tangent, (0x4000, 0xC90F_DAA2_2168_C235), (0x3FFF, 0x8000_0000_0000_0000), (0x3FBF, 0x8000_0000_0000_0000)),
    (Tangent, (0x3FFF, 0xC90F_DAA2_2168_C235), (0x3FFF, 0x8000_0000_0000_0000), (0xC040, 0x8000_0000_0000_0000)),
    (Power, (0xBFC3, 0xEDB4_D8BF_6221_8D21), (0x3FFF, 0x8000_0000_0000_0000), (0xBFC3, 0xA4C3_FAA6_33DA_8320)),
    (Power, (0x3FF5, 0x9E36_8D31_F034_FD30), (0x3FFF, 0x8000_0000_0000_0000), (0x3FF4, 0xDB6B_F455_F045_596E)),
    (Power, (0x3FFC, 0xBDC5_E128_63A0_B4DE), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFC, 0x8C5C_EC61_C64D_5FD5)),
    (Power, (0x3FFE, 0x8789_866B_F22E_2C39), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFD, 0xE301_877F_4E0D_896B)),
    (Power, (0xBFFE, 0xA50D_C0DE_03D7_142E), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFD, 0xB885_5BB7_4A17_4F07)),
    (Power, (0x3FFE, 0xFFFF_FFFF_FFFF_FFFF), (0x3FFF, 0x8000_0000_0000_0000), (0x3FFE, 0xFFFF_FFFF_FFFF_FFFF)),
    (Power, (0xBFFE, 0xFFFF_FFFF_FFFF_FFFF), (0x3FFF, 0x8000_0000_0000_0000), (0xBFFD, 0xFFFF_FFFF_FFFF_FFFF)),
    (Whole, (0x017F, 0xA165_B42E_9F0B_6BA1), (0xBFFB, 0xD186_2D7A_143C_0B9F), (0x4009, 0xCC9B_F017_3EAA_4159)),
    (Whole, (0x3FFA, 0xBB32_EB66_28B4_787F), (0xBFF1, 0xBF33_CABC_0410_1009), (0x3FF3, 0xD4C9_A71D_1E57_D228)),
    (Whole, (0x3FFE, 0x97B5_90E9_5A74_83CD), (0x3FEB, 0xCA84_7D12_8704_F689), (0xBFEB, 0x98DE_0695_8D40_A8F1)),
    (Whole, (0x3FFF, 0xFA1E_71A6_A1D6_775E), (0xBFFE, 0x9ED1_262C_5E24_0A27), (0xBFFE, 0x997D_EE4C_917B_427B)),
    (Whole, (0x7E7F, 0xC543_85D4_3434_0A48), (0x4010, 0xFFFB_CCEA_5098_7C99), (0x401E, 0xF9FE_6507_8385_A7C0)),
    (Whole, (0x3FFF, 0x8000_0000_0000_0001), (0x3FF1, 0xFF3D_2E11_A24B_F185), (0x3FB3, 0xB81D_B2B9_9A98_A852)),
    (Whole, (0x3FFE, 0xFFFF_FFFF_FFFF_FFFF), (0x400D, 0xBD9A_E62D_8210_DB6F), (0xBFCE, 0x88C5_6A1E_E4C5_3D1D)),
    (LessOne, (0x3FC0, 0xB354_80A9_7379_D0E9), (0xBFEB, 0x8A73_4DE7_E059_27F0), (0xBFAD, 0x8BEB_B319_77FB_2915)),
    (LessOne, (0x3FE1, 0xEE1C_181C_502C_42AA), (0x4003, 0xA805_01F8_1FD8_520B), (0x3FE6, 0xE176_096E_CE8D_1F70)),
    (LessOne, (0x3FFA, 0xAB5E_DDF0_C7E2_CC8F), (0x3FF1, 0x89F2_4F28_2A42_C0DF), (0x3FED, 0x8283_1CCB_446F_CDBD)),
    (LessOne, (0x3FFC, 0xACB7_4781_B007_B6EB), (0x4011, 0xFB12_D26F_5A6F_D29F), (0x400F, 0xE1D4_A33C_3035_C2BD)),
    (LessOne, (0xBFFD, 0x95F6_1998_0C43_36F7), (0xBFEB, 0x94BB_E119_FA85_6CBB), (0x3FEA, 0x94BB_E119_FA85_6CBB)),
    (LessOne, (0x3FFD, 0x95F6_1998_0C43_36F7), (0xC000, 0xDAD9_6DF8_75CE_A9F4), (0xBFFF, 0xA236_6613_C786_34A3)),
    (Arctangent, (0xBFFF, 0xA050_D874_E93C_DA19), (0xBFFF, 0xEB60_80E1_7BCB_755A), (0xC000, 0x8ACC_69C2_E08E_1704)),
    (Arctangent, (0x3FFF, 0xB7F3_5788_2865_24F4), (0x3FFF, 0xA523_A1E9_6042_B3CD), (0x3FFE, 0xBB47_BBFC_9650_0528)),
    (Arctangent, (0x3FFF, 0xF846_36E0_D772_C441), (0xBFFF, 0x92AF_2874_1934_3EF7), (0xBFFE, 0x889C_89CB_CEED_42A2)),
    (Arctangent, (0xBFFF, 0xFC3C_0C77_269B_1F47), (0x3FFF, 0xC278_E56F_C228_8485), (0x4000, 0x9F06_C401_5B4B_E932)),
    (Arctangent, (0xBFFF, 0xCC73_4636_56F8_9242), (0xC002, 0x8857_36CB_D2B1_8B12), (0xBFFF, 0xE0C7_92B9_6703_2100)),
    (Arctangent, (0xBFFF, 0x8C15_01AB_A5CD_CD26), (0xBFFC, 0xF64F_77D9_ECE6_838F), (0xC000, 0xBB37_2837_080C_3A90)),
    (Arctangent, (0x3FFF, 0xFD32_B66D_9571_D554), (0xC000, 0x90CD_6DFD_2B99_C836), (0xBFFE, 0xDA34_E750_9FEB_C23B)),
    (Arctangent, (0xBFFF, 0xD7B9_7FFC_CEF2_FDC1), (0xC03B, 0xEE03_248A_DEB3_4083), (0xBFFF, 0xC90F_DAA2_2168_C23C)),
    (Arctangent, (0xBFFF, 0x9EC5_4546_4743_2182), (0xBFC3, 0xCADE_37E2_062C_E44B), (0xC000, 0xC90F_DAA2_2168_C230)),
];

#[test]
fn transcendentals_round_the_true_value_correctly() {
    let value = |(sign_exponent, significand)| Float80 { sign_exponent, significand };
    let load = |fpu: &mut Fpu, number: Parts| {
        let extended = scc_emu::fpu::decode(0xDB, 0x28).expect("FLD m80");
        fpu.execute(extended, value(number).to_bits());
    };
    for &(function, x, y, expected) in ROWS {
        let mut fpu = Fpu::new();
        fpu.initialize();
        load(&mut fpu, y);
        load(&mut fpu, x);
        let (operation, index) = function.operation();
        fpu.execute(operation, 0);
        assert_eq!(fpu.register(index), value(expected), "{function:?} x {x:04x?} y {y:04x?}");
    }
}
