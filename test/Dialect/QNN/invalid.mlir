// One violation of each constraint of qnn's attributes and ops.

// RUN: quant-opt %s --split-input-file --verify-diagnostics

// More bits than a code may have.
// expected-error @+1 {{expected a width of 1 to 16 bits, but found 17}}
func.func private @format_width() attributes {f = #qnn.int<17, signed = true, symmetric = true, narrow = false>}

// -----

// Infinity as its bits.
// expected-error @+1 {{expected finite bounds, but found one that is not}}
func.func private @stats_infinite() attributes {s = #qnn.stats<min = 0xFFF0000000000000, max = 2.0, lo = 0.0, hi = 1.0, count = 1, method = "mse">}

// -----

// Crossed extremes.
// expected-error @+1 {{expected min <= max, but found 2.000000e+00 and 1.000000e+00}}
func.func private @stats_extremes() attributes {s = #qnn.stats<min = 2.0, max = 1.0, lo = 0.0, hi = 1.0, count = 1, method = "mse">}

// -----

// A crossed range.
// expected-error @+1 {{expected lo <= hi, but found 1.000000e+00 and 0.000000e+00}}
func.func private @stats_range() attributes {s = #qnn.stats<min = 0.0, max = 1.0, lo = 1.0, hi = 0.0, count = 1, method = "mse">}

// -----

// Nothing was seen.
// expected-error @+1 {{expected a positive count, but found 0}}
func.func private @stats_count() attributes {s = #qnn.stats<min = 0.0, max = 1.0, lo = 0.0, hi = 1.0, count = 0, method = "mse">}

// -----

// Nobody chose.
// expected-error @+1 {{expected the name of the observer method, but found an empty string}}
func.func private @stats_method() attributes {s = #qnn.stats<min = 0.0, max = 1.0, lo = 0.0, hi = 1.0, count = 1, method = "">}

// -----

func.func @shape(%x: tensor<2xf32>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<3xui8> {
  // expected-error @+1 {{expected operand and result of one shape, but found 'tensor<2xf32>' and 'tensor<3xui8>' [QNN-Q-1]}}
  %0 = qnn.quantize %x, %s, %z : (tensor<2xf32>, tensor<f32>, tensor<ui8>) -> tensor<3xui8>
  return %0 : tensor<3xui8>
}

// -----

// A scale in half precision would round.
func.func @scale_type(%x: tensor<2xf32>, %s: tensor<f16>, %z: tensor<ui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected a scale of type f32, but found 'f16' [QNN-Q-2]}}
  %0 = qnn.quantize %x, %s, %z : (tensor<2xf32>, tensor<f16>, tensor<ui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

func.func @zero_point_type(%x: tensor<2xui8>, %s: tensor<f32>, %z: tensor<si8>) -> tensor<2xf32> {
  // expected-error @+1 {{expected a zero point of type 'ui8', but found 'si8' [QNN-Q-3]}}
  %0 = qnn.dequantize %x, %s, %z : (tensor<2xui8>, tensor<f32>, tensor<si8>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @parameter_shapes(%x: tensor<2xf32>, %s: tensor<2xf32>, %z: tensor<ui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected scale and zero point of one shape of rank 0 or 1, but found 'tensor<2xf32>' and 'tensor<ui8>' [QNN-Q-4]}}
  %0 = qnn.quantize %x, %s, %z : (tensor<2xf32>, tensor<2xf32>, tensor<ui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

func.func @axis(%x: tensor<2xf32>, %s: tensor<2xf32>, %z: tensor<2xui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected an axis in [0, 1), but found 1 [QNN-Q-5]}}
  %0 = qnn.quantize %x, %s, %z {axis = 1 : i64} : (tensor<2xf32>, tensor<2xf32>, tensor<2xui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

func.func @scale_count(%x: tensor<2xf32>, %s: tensor<3xf32>, %z: tensor<3xui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected 2 scales along axis 0, but found 3 [QNN-Q-5]}}
  %0 = qnn.quantize %x, %s, %z : (tensor<2xf32>, tensor<3xf32>, tensor<3xui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

func.func @zero_scale(%x: tensor<2xf32>, %z: tensor<2xui8>) -> tensor<2xui8> {
  %s = nn.constant dense<[1.0, 0.0]> : tensor<2xf32>
  // expected-error @+1 {{expected a positive finite scale, but found 0.000000e+00 [QNN-Q-6]}}
  %0 = qnn.quantize %x, %s, %z : (tensor<2xf32>, tensor<2xf32>, tensor<2xui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

func.func @more_bits_than_stored(%x: tensor<2xf32>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<2xui8> {
  // expected-error @+1 {{expected bits in 1..8, but found 9 [QNN-Q-7]}}
  %0 = qnn.quantize %x, %s, %z {bits = 9 : i64} : (tensor<2xf32>, tensor<f32>, tensor<ui8>) -> tensor<2xui8>
  return %0 : tensor<2xui8>
}

// -----

func.func @no_bits(%x: tensor<2xf32>, %s: tensor<f32>, %z: tensor<ui16>) -> tensor<2xui16> {
  // expected-error @+1 {{expected bits in 1..16, but found 0 [QNN-Q-7]}}
  %0 = qnn.quantize %x, %s, %z {bits = 0 : i64} : (tensor<2xf32>, tensor<f32>, tensor<ui16>) -> tensor<2xui16>
  return %0 : tensor<2xui16>
}
