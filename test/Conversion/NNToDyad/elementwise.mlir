// RUN: quant-opt %s --convert-nn-to-dyad | FileCheck %s

// CHECK-LABEL: func.func @sum
// CHECK-DAG: %[[MA:.*]] = dyad.constant dense<524288> : tensor<si32>
// CHECK-DAG: %[[MB:.*]] = dyad.constant dense<-1048576> : tensor<si32>
// CHECK-DAG: %[[S:.*]] = dyad.constant dense<20> : tensor<si32>
// CHECK: dyad.add %arg0, %arg1, %{{.*}}, %{{.*}}, %[[MA]], %[[MB]], %[[S]], %{{.*}} {clamp_hi = 255 : i32, clamp_lo = 7 : i32}
// CHECK-NOT: nn.sub
func.func @sum(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %t = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %b = qnn.dequantize %y, %t, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %d = nn.sub %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %r = nn.relu %d : tensor<4xf32>
  %q = qnn.quantize %r, %t, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}

// CHECK-LABEL: func.func @product
// CHECK: %[[P:.*]] = dyad.mul %arg0, %arg0
// CHECK-DAG: %[[M:.*]] = dyad.constant dense<8388609> : tensor<si32>
// CHECK-DAG: %[[S:.*]] = dyad.constant dense<25> : tensor<si32>
// CHECK: dyad.requantize %[[P]], %{{.*}}, %[[M]], %[[S]],
func.func @product(%x: tensor<4xui8>) -> tensor<4xui8> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %t = nn.constant dense<1.0> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %d = nn.mul %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %q = qnn.quantize %d, %t, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}

// A chain of unary functions is one table.

// CHECK-LABEL: func.func @table
// CHECK-NOT: nn.
// CHECK: %[[T:.*]] = dyad.constant dense<"0x{{.*}}"> : tensor<256xui8>
// CHECK-NEXT: %[[L:.*]] = dyad.lookup %arg0, %[[T]]
// CHECK-NEXT: return %[[L]]
func.func @table(%x: tensor<4xsi8>) -> tensor<4xui8> {
  %s = nn.constant dense<0.03125> : tensor<f32>
  %t = nn.constant dense<0.00390625> : tensor<f32>
  %z = nn.constant dense<0> : tensor<si8>
  %zy = nn.constant dense<0> : tensor<ui8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xsi8>, tensor<f32>, tensor<si8>) -> tensor<4xf32>
  %b = nn.hard_swish %a : tensor<4xf32>
  %c = nn.sigmoid %b : tensor<4xf32>
  %q = qnn.quantize %c, %t, %zy : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  return %q : tensor<4xui8>
}

// Other parameters are a rescaling, equal ones nothing; a quantized constant is an integer constant.

// CHECK-LABEL: func.func @rescale
// CHECK-DAG: %[[C:.*]] = dyad.constant dense<[9, 5]> : tensor<2xui8>
// CHECK-DAG: %[[R:.*]] = dyad.requantize %arg0, %{{.*}} {clamp_hi = 255 : i32, clamp_lo = 0 : i32} : (tensor<4xui8>, tensor<ui8>, {{.*}}) -> tensor<4xui8>
// CHECK: return %[[R]], %arg0, %[[C]]
func.func @rescale(%x: tensor<4xui8>) -> (tensor<4xui8>, tensor<4xui8>, tensor<2xui8>) {
  %s = nn.constant dense<0.5> : tensor<f32>
  %t = nn.constant dense<0.75> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %zy = nn.constant dense<0> : tensor<ui8>
  %c = nn.constant dense<[1.0, -1.0]> : tensor<2xf32>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %p = qnn.quantize %a, %t, %zy : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  %q = qnn.quantize %a, %s, %z : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
  %k = qnn.quantize %c, %s, %z : (tensor<2xf32>, tensor<f32>, tensor<ui8>) -> tensor<2xui8>
  return %p, %q, %k : tensor<4xui8>, tensor<4xui8>, tensor<2xui8>
}

// CHECK-LABEL: func.func @signed
// CHECK: dyad.requantize %arg0, %{{.*}} {clamp_hi = 127 : i32, clamp_lo = -128 : i32} : (tensor<4xui8>, {{.*}}) -> tensor<4xsi8>
func.func @signed(%x: tensor<4xui8>) -> tensor<4xsi8> {
  %s = nn.constant dense<0.5> : tensor<f32>
  %z = nn.constant dense<7> : tensor<ui8>
  %t = nn.constant dense<0.75> : tensor<f32>
  %zy = nn.constant dense<0> : tensor<si8>
  %a = qnn.dequantize %x, %s, %z : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  %p = qnn.quantize %a, %t, %zy : (tensor<4xf32>, tensor<f32>, tensor<si8>) -> tensor<4xsi8>
  return %p : tensor<4xsi8>
}
