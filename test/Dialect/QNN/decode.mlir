// Stored weights print what they parse; a format prints its canonical text whatever its spelling, and equal formats are
// one attribute.

// RUN: quant-opt %s --verify-roundtrip --canonicalize | FileCheck %s

// CHECK-LABEL: func.func private @formats()
// CHECK-SAME: a = #qnn.format<"int4:g128:sym:f16">, b = #qnn.format<"int4:g128:sym:f16">, c = #qnn.format<"mxfp4">,
// CHECK-SAME: d = #qnn.format<"fp<e3m2>:channel:f32">, e = #qnn.format<"codebook<-1,-0.25,0,1>:g32:bf16">
func.func private @formats() attributes {
  a = #qnn.format<"int4:g128:sym:f16">, b = #qnn.format<"int4:f16:b128">, c = #qnn.format<"fp<e2m1>:g32:e8m0">,
  d = #qnn.format<"fp<e3m2b3>">, e = #qnn.format<"codebook<-1.0,-2.5e-1,0,1>:bf16:g32">}

// CHECK-LABEL: func.func @parts(
func.func @parts(%c: tensor<8x32xui8>, %s: tensor<8x2xf16>, %z: tensor<8x2xui8>, %m: tensor<8x2xf16>, %b: tensor<8x4xui8>,
                 %t: tensor<1xf32>, %d: tensor<2xf32>, %k: tensor<8x2xui8>, %one: tensor<f32>, %w: tensor<8x64xui8>)
    -> (tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x4x4x4xf32>) {
  // CHECK: qnn.decode %{{.*}}, %{{.*}} as <"int4:g32:sym:f16"> : (tensor<8x32xui8>, tensor<8x2xf16>) -> tensor<8x64xf32>
  %0 = qnn.decode %c, %s as <"int4:g32:sym:f16"> : (tensor<8x32xui8>, tensor<8x2xf16>) -> tensor<8x64xf32>
  // CHECK: qnn.decode %{{.*}}, %{{.*}} zeros(%{{.*}}) as <"uint4:g32:asym:f16">
  %1 = qnn.decode %c, %s zeros(%z) as <"uint4:g32:asym:f16"> : (tensor<8x32xui8>, tensor<8x2xf16>, tensor<8x2xui8>) -> tensor<8x64xf32>
  // CHECK: qnn.decode %{{.*}}, %{{.*}} zeros(%{{.*}}) as <"uint4:g32:asym-float:f16">
  %2 = qnn.decode %c, %s zeros(%m) as <"uint4:g32:asym-float:f16"> : (tensor<8x32xui8>, tensor<8x2xf16>, tensor<8x2xf16>) -> tensor<8x64xf32>
  // CHECK: qnn.decode %{{.*}}, %{{.*}} second(%{{.*}}) as <"nvfp4">
  %3 = qnn.decode %c, %b second(%t) as <"nvfp4"> : (tensor<8x32xui8>, tensor<8x4xui8>, tensor<1xf32>) -> tensor<8x64xf32>
  // CHECK: qnn.decode %{{.*}}, %{{.*}} second(%{{.*}}) as <"nf4:g16:double">
  %4 = qnn.decode %c, %b second(%d) as <"nf4:g16:double"> : (tensor<8x32xui8>, tensor<8x4xui8>, tensor<2xf32>) -> tensor<8x64xf32>
  // CHECK: qnn.decode %{{.*}}, %{{.*}} tables(%{{.*}}) as <"bitmod4:g32:f16">
  %5 = qnn.decode %c, %s tables(%k) as <"bitmod4:g32:f16"> : (tensor<8x32xui8>, tensor<8x2xf16>, tensor<8x2xui8>) -> tensor<8x64xf32>
  // CHECK: qnn.decode %{{.*}}, %{{.*}} as <"fp<e4m3fn>:tensor:f32"> : (tensor<8x64xui8>, tensor<f32>) -> tensor<8x4x4x4xf32>
  %6 = qnn.decode %w, %one as <"fp<e4m3fn>:tensor:f32"> : (tensor<8x64xui8>, tensor<f32>) -> tensor<8x4x4x4xf32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>, tensor<8x4x4x4xf32>
}

// Weights of constants stay packed.
// CHECK-LABEL: func.func @stays_packed(
// CHECK: qnn.decode
func.func @stays_packed() -> tensor<1x2xf32> {
  %c = nn.constant dense<1> : tensor<1x1xui8>
  %s = nn.constant dense<1.0> : tensor<1xf32>
  %0 = qnn.decode %c, %s as <"int4"> : (tensor<1x1xui8>, tensor<1xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
