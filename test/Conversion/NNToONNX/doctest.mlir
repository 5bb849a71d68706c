// RUN: quant-opt %s --convert-nn-to-onnx | FileCheck %s

// A quantized linear map with a clamp: pairs stay around the ops, the bias is integers behind a DequantizeLinear, bounds are initializers.

// CHECK: module attributes {onnx.ir_version = 8 : i64, onnx.opset_imports = [#onnx.opset<17, "">]
// CHECK: %[[Q:.*]] = onnx.node "QuantizeLinear"(%arg0, %{{.*}}, %{{.*}}) {node_name = "x_QuantizeLinear", onnx_attrs = {axis = 0 : si64}, opset = 17 : i64}
// CHECK: %[[X:.*]] = onnx.node "DequantizeLinear"(%[[Q]],
// CHECK: %[[W:.*]] = onnx.node "DequantizeLinear"(%{{.*}}, %{{.*}}, %{{.*}}) {{.*}} : (tensor<2x3xsi8>, tensor<2xf32>, tensor<2xsi8>) -> tensor<2x3xf32>
// CHECK: %[[B:.*]] = onnx.node "DequantizeLinear"({{.*}} : (tensor<2xsi32>
// CHECK: %[[G:.*]] = onnx.node "Gemm"(%[[X]], %[[W]], %[[B]]) {node_name = "fc", onnx_attrs = {transB = 1 : si64}, opset = 17 : i64}
// CHECK: %[[C:.*]] = onnx.node "Clip"(%[[G]], %{{.*}}, %{{.*}}) {node_name = "act"
// CHECK: onnx.node "QuantizeLinear"(%[[C]],
func.func @main(%x: tensor<1x3xf32> {onnx.name = "x"}) -> (tensor<1x2xf32> {onnx.name = "y"}) {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<3> : tensor<ui8>
  %q = qnn.quantize %x, %s, %z : (tensor<1x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x3xui8> loc("x")
  %d = qnn.dequantize %q, %s, %z : (tensor<1x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x3xf32> loc("x")
  %wi = nn.constant dense<1> : tensor<2x3xsi8>
  %ws = nn.constant dense<0.25> : tensor<2xf32>
  %wz = nn.constant dense<0> : tensor<2xsi8>
  %w = qnn.dequantize %wi, %ws, %wz : (tensor<2x3xsi8>, tensor<2xf32>, tensor<2xsi8>) -> tensor<2x3xf32> loc("fc")
  %bi = nn.constant dense<7> : tensor<2xsi32>
  %bs = nn.constant dense<0.125> : tensor<2xf32>
  %bz = nn.constant dense<0> : tensor<2xsi32>
  %b = qnn.dequantize %bi, %bs, %bz : (tensor<2xsi32>, tensor<2xf32>, tensor<2xsi32>) -> tensor<2xf32> loc("fc")
  %l = nn.linear %d, %w, %b : (tensor<1x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<1x2xf32> loc("fc")
  %c = nn.clip %l {lo = 0.0 : f32, hi = 6.0 : f32} : tensor<1x2xf32> loc("act")
  %r = qnn.quantize %c, %s, %z : (tensor<1x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2xui8> loc("act")
  %y = qnn.dequantize %r, %s, %z : (tensor<1x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2xf32> loc("act")
  return %y : tensor<1x2xf32>
}
