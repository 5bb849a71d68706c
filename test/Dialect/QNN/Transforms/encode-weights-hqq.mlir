// The search hqq moves a float zero point to where one large error counts less; the scale stays that of the range, -1 to 8 in
// three steps. A second run changes nothing.

// RUN: quant-opt %s "--qnn-encode-weights=format=uint2:channel:asym-float:f32 search=none" --qnn-decode-weights | FileCheck %s --check-prefix=RANGE
// RUN: quant-opt %s "--qnn-encode-weights=format=uint2:channel:asym-float:f32 search=hqq" --qnn-decode-weights | FileCheck %s --check-prefix=MOVED
// RUN: quant-opt %s "--qnn-encode-weights=format=uint2:channel:asym-float:f32 search=hqq" > %t.once
// RUN: quant-opt %t.once "--qnn-encode-weights=format=uint2:channel:asym-float:f32 search=hqq" | diff %t.once -

func.func @main(%x: tensor<1x6xf32>) -> tensor<1x1xf32> {
  // RANGE: nn.constant dense<{{\[\[}}-1.000000e+00, 8.000000e+00, 2.000000e+00, 2.000000e+00, 2.000000e+00, 2.000000e+00]]>
  // MOVED: nn.constant dense<{{\[\[}}-1.7076844, 7.29231548, 1.2923156, 1.2923156, 1.2923156, 1.2923156]]>
  %w = nn.constant dense<[[-1.0, 8.0, 1.2, 1.3, 1.1, 1.0]]> : tensor<1x6xf32>
  %y = nn.linear %x, %w : (tensor<1x6xf32>, tensor<1x6xf32>) -> tensor<1x1xf32> loc("fc")
  return %y : tensor<1x1xf32>
}
