// Decoding by hand: middle codes, zero points, float zero points, tables, two levels; what is computed stays.

// RUN: quant-opt %s --qnn-decode-weights | FileCheck %s
// RUN: quant-opt %s --qnn-decode-weights --qnn-decode-weights | FileCheck %s

// CHECK-LABEL: func.func @middle()
// CHECK-NEXT: nn.constant dense<{{\[\[}}-1.400000e+01, 1.400000e+01, 0.000000e+00]]>
func.func @middle() -> tensor<1x3xf32> {
  %c = nn.constant dense<[[0xF1, 0x08]]> : tensor<1x2xui8>
  %s = nn.constant dense<2.0> : tensor<f32>
  %0 = qnn.decode %c, %s as <"uint4:tensor"> : (tensor<1x2xui8>, tensor<f32>) -> tensor<1x3xf32>
  return %0 : tensor<1x3xf32>
}

// CHECK-LABEL: func.func @zero_points()
// CHECK-NEXT: nn.constant dense<{{\[\[}}0.49987793, 0.000000e+00], [-3.000000e+00, 1.000000e+00]]>
func.func @zero_points() -> tensor<2x2xf32> {
  %c = nn.constant dense<[[0x8F], [0x80]]> : tensor<2x1xui8>
  %s = nn.constant dense<[0.0714111328125, 0.5]> : tensor<2xf16>
  %z = nn.constant dense<[8, 6]> : tensor<2xui8>
  %0 = qnn.decode %c, %s zeros(%z) as <"uint4:channel:asym:f16"> : (tensor<2x1xui8>, tensor<2xf16>, tensor<2xui8>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @float_zero_points()
// CHECK-NEXT: nn.constant dense<{{\[\[}}-1.000000e+00, 2.750000e+00]]>
func.func @float_zero_points() -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0xF0]]> : tensor<1x1xui8>
  %s = nn.constant dense<0.25> : tensor<1xbf16>
  %m = nn.constant dense<-1.0> : tensor<1xbf16>
  %0 = qnn.decode %c, %s zeros(%m) as <"uint4:channel:asym-float:bf16"> : (tensor<1x1xui8>, tensor<1xbf16>, tensor<1xbf16>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// Code 8 is -5 in the second table.
// CHECK-LABEL: func.func @tables()
// CHECK-NEXT: nn.constant dense<{{\[\[}}-1.000000e+01, 1.200000e+01]]>
func.func @tables() -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0x78]]> : tensor<1x1xui8>
  %s = nn.constant dense<2.0> : tensor<1xf32>
  %t = nn.constant dense<1> : tensor<1xui8>
  %0 = qnn.decode %c, %s tables(%t) as <"bitmod4"> : (tensor<1x1xui8>, tensor<1xf32>, tensor<1xui8>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// E4M3 0x40 is 2.
// CHECK-LABEL: func.func @two_levels()
// CHECK-NEXT: nn.constant dense<{{\[\[}}3.000000e+00, -2.500000e-01]]>
func.func @two_levels() -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0x97]]> : tensor<1x1xui8>
  %s = nn.constant dense<0x40> : tensor<1x1xui8>
  %t = nn.constant dense<0.25> : tensor<1xf32>
  %0 = qnn.decode %c, %s second(%t) as <"nvfp4"> : (tensor<1x1xui8>, tensor<1x1xui8>, tensor<1xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// A block that held a NaN.
// CHECK-LABEL: func.func @poisoned()
// CHECK-NEXT: nn.constant dense<0x7FC00000>
func.func @poisoned() -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0x33]]> : tensor<1x1xui8>
  %s = nn.constant dense<255> : tensor<1x1xui8>
  %0 = qnn.decode %c, %s as <"mxfp4"> : (tensor<1x1xui8>, tensor<1x1xui8>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// CHECK-LABEL: func.func @computed(
// CHECK: qnn.decode
func.func @computed(%s: tensor<1xf32>) -> tensor<1x2xf32> {
  %c = nn.constant dense<[[0x33]]> : tensor<1x1xui8>
  %0 = qnn.decode %c, %s as <"int4"> : (tensor<1x1xui8>, tensor<1xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
