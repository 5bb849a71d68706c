// One violation of each constraint of requantize, add, mul and lookup.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

// Shapes disagree.
func.func @requantize_shape(%x: tensor<2xsi32>, %zi: tensor<si32>, %m: tensor<si32>, %s: tensor<si32>, %z: tensor<ui8>) -> tensor<3xui8> {
  // expected-error @+1 {{expected operand and result of one shape, but found 'tensor<2xsi32>' and 'tensor<3xui8>' [DYAD-REQ-1]}}
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<2xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<3xui8>
  return %0 : tensor<3xui8>
}

// -----

// [3] would be the last axis, which has two elements.
func.func @requantize_channels(%x: tensor<3x2xsi32>, %zi: tensor<si32>, %m: tensor<3xsi32>, %s: tensor<3xsi32>, %z: tensor<ui8>) -> tensor<3x2xui8> {
  // expected-error @+1 {{expected multiplier and shift of one static shape that broadcasts to 'tensor<3x2xsi32>', but found 'tensor<3xsi32>' and 'tensor<3xsi32>' [DYAD-REQ-2]}}
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<3x2xsi32>, tensor<si32>, tensor<3xsi32>, tensor<3xsi32>, tensor<ui8>) -> tensor<3x2xui8>
  return %0 : tensor<3x2xui8>
}

// -----

// Multipliers per channel with one shift.
func.func @requantize_shift_shape(%x: tensor<3x2xsi32>, %zi: tensor<si32>, %m: tensor<3x1xsi32>, %s: tensor<si32>, %z: tensor<ui8>) -> tensor<3x2xui8> {
  // expected-error @+1 {{expected multiplier and shift of one static shape that broadcasts to 'tensor<3x2xsi32>', but found 'tensor<3x1xsi32>' and 'tensor<si32>' [DYAD-REQ-2]}}
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<3x2xsi32>, tensor<si32>, tensor<3x1xsi32>, tensor<si32>, tensor<ui8>) -> tensor<3x2xui8>
  return %0 : tensor<3x2xui8>
}

// -----

// An even multiplier could tie.
func.func @requantize_even(%x: tensor<2xsi32>, %zi: tensor<si32>, %z: tensor<ui8>) -> tensor<2xui8> {
  %m = dyad.constant dense<8388610> : tensor<si32>
  %s = dyad.constant dense<30> : tensor<si32>
  // expected-error @+1 {{expected an odd multiplier in [2^23, 2^24) and a shift in [1, 62], but found 8388610 and 30 [DYAD-REQ-3]}}
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<2xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

// A shift of 63 in the second channel.
func.func @requantize_shift(%x: tensor<2x1xsi32>, %zi: tensor<si32>, %z: tensor<ui8>) -> tensor<2x1xui8> {
  %m = dyad.constant dense<8388609> : tensor<2x1xsi32>
  %s = dyad.constant dense<[[62], [63]]> : tensor<2x1xsi32>
  // expected-error @+1 {{expected an odd multiplier in [2^23, 2^24) and a shift in [1, 62], but found 8388609 and 63 [DYAD-REQ-3]}}
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<2x1xsi32>, tensor<si32>, tensor<2x1xsi32>, tensor<2x1xsi32>, tensor<ui8>) -> tensor<2x1xui8>
  return %0 : tensor<2x1xui8>
}

// -----

// -1 is no ui4.
func.func @requantize_clamp(%x: tensor<2xsi32>, %zi: tensor<si32>, %m: tensor<si32>, %s: tensor<si32>, %z: tensor<ui4>) -> tensor<2xui4> {
  // expected-error @+1 {{expected clamp_lo <= clamp_hi in [0, 15], but found -1 and 15 [DYAD-CLAMP-1]}}
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = -1 : i32, clamp_hi = 15 : i32} : (tensor<2xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui4>) -> tensor<2xui4>
  return %0 : tensor<2xui4>
}

// -----

// Crossed bounds.
func.func @requantize_crossed(%x: tensor<2xsi32>, %zi: tensor<si32>, %m: tensor<si32>, %s: tensor<si32>, %z: tensor<ui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected clamp_lo <= clamp_hi in [0, 255], but found 6 and 5 [DYAD-CLAMP-1]}}
  %0 = dyad.requantize %x, %zi, %m, %s, %z {clamp_lo = 6 : i32, clamp_hi = 5 : i32} : (tensor<2xsi32>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

// The input's zero point has the input's type.
func.func @requantize_input_zero_point(%x: tensor<2xsi32>, %m: tensor<si32>, %s: tensor<si32>, %z: tensor<ui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected an input zero point of type 'tensor<si32>', but found 'tensor<ui8>' [DYAD-ZP-1]}}
  %0 = dyad.requantize %x, %z, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32} : (tensor<2xsi32>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

// Shapes that do not broadcast.
func.func @mul_broadcast(%x: tensor<2xui8>, %y: tensor<3xui8>, %z: tensor<ui8>) -> tensor<3xsi32> {
  // expected-error @+1 {{expected operands that broadcast to 'tensor<3xsi32>', but found 'tensor<2xui8>' and 'tensor<3xui8>' [DYAD-EW-1]}}
  %0 = dyad.mul %x, %y, %z, %z : (tensor<2xui8>, tensor<3xui8>, tensor<ui8>, tensor<ui8>) -> tensor<3xsi32>
  return %0 : tensor<3xsi32>
}

// -----

// Multipliers per channel are not for add.
func.func @add_rank(%x: tensor<2xui8>, %z: tensor<ui8>, %m: tensor<2xsi32>, %s: tensor<si32>) -> tensor<2xui8> {
  // expected-error @+1 {{expected multipliers and shift of rank 0, but found 'tensor<2xsi32>' [DYAD-ADD-1]}}
  %0 = dyad.add %x, %x, %z, %z, %m, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<2xui8>, tensor<2xui8>, tensor<ui8>, tensor<ui8>, tensor<2xsi32>, tensor<2xsi32>, tensor<si32>, tensor<ui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

// 2^21 could overflow 32 bits.
func.func @add_multiplier(%x: tensor<2xui8>, %z: tensor<ui8>) -> tensor<2xui8> {
  %m = dyad.constant dense<2097152> : tensor<si32>
  %s = dyad.constant dense<30> : tensor<si32>
  // expected-error @+1 {{expected |multipliers| < 2^21 and a shift in [1, 30], but found 2097152, 2097152 and 30 [DYAD-ADD-2]}}
  %0 = dyad.add %x, %x, %z, %z, %m, %m, %s, %z {clamp_lo = 0 : i32, clamp_hi = 255 : i32}
    : (tensor<2xui8>, tensor<2xui8>, tensor<ui8>, tensor<ui8>, tensor<si32>, tensor<si32>, tensor<si32>, tensor<ui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

// A lookup keeps its shape.
func.func @lookup_shape(%x: tensor<2xui8>, %t: tensor<256xui8>) -> tensor<3xui8> {
  // expected-error @+1 {{expected operand and result of one shape, but found 'tensor<2xui8>' and 'tensor<3xui8>' [DYAD-LUT-1]}}
  %0 = dyad.lookup %x, %t : (tensor<2xui8>, tensor<256xui8>) -> tensor<3xui8>
  return %0 : tensor<3xui8>
}

// -----

// Half a table.
func.func @lookup_table(%x: tensor<2xui8>, %t: tensor<128xui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected a table of type 'tensor<256xui8>', but found 'tensor<128xui8>' [DYAD-LUT-2]}}
  %0 = dyad.lookup %x, %t : (tensor<2xui8>, tensor<128xui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

// A table of bytes for words.
func.func @lookup_words(%x: tensor<2xsi16>, %t: tensor<256xui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected a table of type 'tensor<65536xui8>', but found 'tensor<256xui8>' [DYAD-LUT-2]}}
  %0 = dyad.lookup %x, %t : (tensor<2xsi16>, tensor<256xui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}
