// RUN: quant-opt %s --convert-nn-to-onnx | FileCheck %s

// Bounds, values and factors were f32 whatever they belonged to.

// CHECK: %[[LO:.*]] = onnx.constant{{.*}}dense<-5.000000e-01> : tensor<f64>
// CHECK: %[[HI:.*]] = onnx.constant{{.*}}dense<2.000000e+00> : tensor<f64>
// CHECK: onnx.node "Clip"(%arg0, %[[LO]], %[[HI]])
// CHECK: %[[VALUE:.*]] = onnx.constant{{.*}}dense<1.500000e+00> : tensor<f64>
// CHECK: onnx.node "Pad"(%{{.*}}, %{{.*}}, %[[VALUE]])
// CHECK: onnx.constant{{.*}}dense<0.70710678118654757> : tensor<f64>
// CHECK: onnx.node "Erf"
func.func @main(%x: tensor<3xf64>) -> tensor<5xf64> {
  %c = nn.clip %x {lo = -0.5 : f32, hi = 2.0 : f32} : tensor<3xf64>
  %p = nn.pad %c {pads = array<i64: 1, 1>, value = 1.5 : f32} : (tensor<3xf64>) -> tensor<5xf64>
  %g = nn.gelu %p : tensor<5xf64>
  return %g : tensor<5xf64>
}
