// RUN: quant-opt %s --split-input-file --verify-diagnostics --qnn-quantize

func.func @no_statistics(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected statistics of 'image', but found none}}
  %o = qnn.observe %x as "image" : tensor<4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>
  return %o : tensor<4xf32>
}

// -----

func.func @infinite_weight(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %o = qnn.observe %x as "x" : tensor<1x2xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = -1.0, max = 2.984375, lo = -1.0, hi = 2.984375, count = 2, method = "min-max">
  %w = nn.constant dense<[[0x7F800000, -0.5]]> : tensor<1x2xf32>
  // expected-error @below {{expected finite weights and a scale that keeps the accumulator inside 32 bits, but found none for output channel 0}}
  %l = nn.linear %o, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %l : tensor<1x1xf32>
}

// -----

func.func @mixed_formats(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<8xf32> {
  %a = qnn.observe %x as "x" : tensor<4xf32>, #qnn.int<8, signed = false, symmetric = false, narrow = false>, #qnn.stats<min = 0.0, max = 1.0, lo = 0.0, hi = 1.0, count = 2, method = "min-max">
  // expected-error @below {{for every tensor that shares a scale with 'y'}}
  %b = qnn.observe %y as "y" : tensor<4xf32>, #qnn.int<8, signed = true, symmetric = false, narrow = false>, #qnn.stats<min = 0.0, max = 1.0, lo = 0.0, hi = 1.0, count = 2, method = "min-max">
  %c = nn.concat %a, %b {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %s = nn.add %c, %c : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %s : tensor<8xf32>
}
