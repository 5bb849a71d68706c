// RUN: quant-opt %s --convert-nn-to-dyad=io-type=int8 | FileCheck %s
// RUN: not quant-opt %s --convert-nn-to-dyad=io-type=int9 2>&1 | FileCheck %s --check-prefix=OPTION

// OPTION: error: expected io-type float or int8, but found 'int9'; did you mean 'int8'?

// CHECK: func.func @main(%[[X:.*]]: tensor<1x2xui8> {onnx.name = "x", quantc.scale = 1.562500e-02 : f32, quantc.zero_point = 64 : i64}) -> (tensor<1x2xsi32> {onnx.name = "y", quantc.axis = 1 : i64, quantc.scales = array<f32: 1.22070313E-4, 2.44140625E-4>, quantc.zero_point = 0 : i64}, tensor<1x2xui8> {quantc.scale = 1.562500e-02 : f32, quantc.zero_point = 64 : i64})
// CHECK: %[[A:.*]] = dyad.linear %[[X]],
// CHECK: return %[[A]], %[[X]]
func.func @main(%x: tensor<1x2xf32> {onnx.name = "x"}) -> (tensor<1x2xf32> {onnx.name = "y"}, tensor<1x2xf32>) {
  %s = nn.constant dense<0.015625> : tensor<f32>
  %z = nn.constant dense<64> : tensor<ui8>
  %q = qnn.quantize %x, %s, %z : (tensor<1x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2xui8>
  %d = qnn.dequantize %q, %s, %z : (tensor<1x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2xf32>
  %w = nn.constant dense<[[127, -64], [127, 0]]> : tensor<2x2xsi8>
  %sw = nn.constant dense<[0.0078125, 0.015625]> : tensor<2xf32>
  %zw = nn.constant dense<0> : tensor<2xsi8>
  %dw = qnn.dequantize %w, %sw, %zw : (tensor<2x2xsi8>, tensor<2xf32>, tensor<2xsi8>) -> tensor<2x2xf32>
  %l = nn.linear %d, %dw : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32> loc("fc")
  %sy = nn.constant dense<[1.220703125E-4, 2.44140625E-4]> : tensor<2xf32>
  %zy = nn.constant dense<0> : tensor<2xsi32>
  %qy = qnn.quantize %l, %sy, %zy {axis = 1 : i64} : (tensor<1x2xf32>, tensor<2xf32>, tensor<2xsi32>) -> tensor<1x2xsi32>
  %y = qnn.dequantize %qy, %sy, %zy {axis = 1 : i64} : (tensor<1x2xsi32>, tensor<2xf32>, tensor<2xsi32>) -> tensor<1x2xf32>
  return %y, %d : tensor<1x2xf32>, tensor<1x2xf32>
}
