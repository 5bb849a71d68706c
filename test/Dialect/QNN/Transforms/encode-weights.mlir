// Any format in both directions is simulated quantization of the weight; a second run changes nothing.

// RUN: quant-opt %s --qnn-encode-weights=format=nvfp4 | FileCheck %s --check-prefix=ENCODED
// RUN: quant-opt %s --qnn-encode-weights=format=nvfp4 --qnn-encode-weights=format=mxfp4 | FileCheck %s --check-prefix=ENCODED
// RUN: quant-opt %s --qnn-encode-weights=format=nvfp4 --qnn-decode-weights | FileCheck %s --check-prefix=NVFP4
// RUN: quant-opt %s "--qnn-encode-weights=format=uint2:channel:asym-float:f32 exclude=conv" --qnn-decode-weights | FileCheck %s --check-prefix=FLOAT-ZERO
// RUN: quant-opt %s "--qnn-encode-weights=format=int2:channel search=mse exclude=conv" --qnn-decode-weights | FileCheck %s --check-prefix=MSE
// RUN: quant-opt %s --qnn-encode-weights=format=mxfp4 --remarks-filter=qnn-encode-weights --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// ENCODED: %[[W:.*]] = qnn.decode %{{.*}}, %{{.*}} second(%{{.*}}) as <"nvfp4"> : (tensor<1x2xui8>, tensor<1x1xui8>, tensor<1xf32>) -> tensor<1x4xf32>
// ENCODED: nn.linear %{{.*}}, %[[W]]
// ENCODED: nn.linear %{{.*}}, %[[W]]
// ENCODED: %[[K:.*]] = qnn.decode {{.*}} -> tensor<1x1x2x1xf32>
// ENCODED: nn.conv %{{.*}}, %[[K]]
// ENCODED: nn.linear %{{.*}}, %arg2

// amax 6 gives a tensor's scale of 1/448 and a block's of 448.
// NVFP4: nn.constant dense<{{\[\[}}6.000000e+00, -2.000000e+00, 0.000000e+00, 5.000000e-01]]> : tensor<1x4xf32>

// Four levels from -1.8 to 6.
// FLOAT-ZERO: nn.constant dense<{{\[\[}}6.000000e+00, -1.800000e+00, 0.799999952, 0.799999952]]>

// The mean magnitude is three quarters of absmax, where the search has a candidate.
// MSE-LABEL: func.func @clipped
// MSE: nn.constant dense<{{\[\[}}2.250000e+00, 2.250000e+00, -2.250000e+00, 2.250000e+00]]>

// REMARK: loc("fc1"): [Passed] EncodeWeight | Category:qnn-encode-weights | bits=6.000000e+00, format=mxfp4, node=fc1, sqnr=2.6
// REMARK: loc("computed"): [Missed] EncodeWeight | {{.*}}="expected a constant weight", node=computed
// REMARK: loc("half"): [Missed] EncodeWeight | {{.*}}="expected an f32 weight whose axis 0 counts output channels", node=half
// REMARK: loc("infinite"): [Missed] EncodeWeight | {{.*}}="expected finite weights", node=infinite
func.func @main(%x: tensor<1x4xf32>, %i: tensor<1x1x2x1xf32>, %v: tensor<1x4xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1x1x1xf32>, tensor<1x1xf32>) {
  %w = nn.constant dense<[[6.0, -1.8, 0.2, 0.4]]> : tensor<1x4xf32>
  %a = nn.linear %x, %w : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32> loc("fc1")
  %b = nn.linear %x, %w : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32> loc("fc2")
  %k = nn.constant dense<[[[[1.0], [-0.3]]]]> : tensor<1x1x2x1xf32>
  %c = nn.conv %i, %k {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64}
    : (tensor<1x1x2x1xf32>, tensor<1x1x2x1xf32>) -> tensor<1x1x1x1xf32> loc("conv")
  %d = nn.linear %x, %v : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32> loc("computed")
  return %a, %b, %c, %d : tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1x1x1xf32>, tensor<1x1xf32>
}

func.func @clipped(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[3.0, 1.9, -2.0, 2.1]]> : tensor<1x4xf32>
  %y = nn.linear %x, %w : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32> loc("clipped")
  return %y : tensor<1x1xf32>
}

func.func @kept(%x: tensor<1x1xf32>, %h: tensor<1x1xf16>) -> (tensor<1x1xf16>, tensor<1x1xf32>) {
  %w = nn.constant dense<1.0> : tensor<1x1xf16>
  %y = nn.linear %h, %w : (tensor<1x1xf16>, tensor<1x1xf16>) -> tensor<1x1xf16> loc("half")
  %i = nn.constant dense<0x7F800000> : tensor<1x1xf32>
  %z = nn.linear %x, %i : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32> loc("infinite")
  return %y, %z : tensor<1x1xf16>, tensor<1x1xf32>
}
