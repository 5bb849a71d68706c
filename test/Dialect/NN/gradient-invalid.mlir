// RUN: not quant-opt %s --nn-gradient="wrt=x" 2>&1 | FileCheck %s --check-prefix=NODE
// RUN: not quant-opt %s --nn-gradient="wrt=y" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not quant-opt %s --nn-gradient="wrt=twice" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not quant-opt %s --nn-gradient="wrt=rows:1" 2>&1 | FileCheck %s --check-prefix=INDICES
// RUN: not quant-opt %s --nn-gradient="wrt=rows:7" 2>&1 | FileCheck %s --check-prefix=OPERAND
// RUN: not quant-opt %s --nn-gradient="wrt=table:weight" 2>&1 | FileCheck %s --check-prefix=MAP
// RUN: not quant-opt %s --nn-gradient="wrt=ids" 2>&1 | FileCheck %s --check-prefix=INTEGERS
// RUN: not quant-opt %s --nn-gradient="wrt=last output=logit" 2>&1 | FileCheck %s --check-prefix=RESULT
// RUN: not quant-opt %s --nn-gradient="wrt=last stop=lost" 2>&1 | FileCheck %s --check-prefix=STOP
// RUN: not quant-opt %s --nn-gradient="wrt=last loss=l1" 2>&1 | FileCheck %s --check-prefix=LOSS
// RUN: not quant-opt %s --nn-gradient="wrt=last recompute=all" 2>&1 | FileCheck %s --check-prefix=RECOMPUTE
// RUN: quant-opt %s --nn-gradient="wrt=x stop=steps" 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: quant-opt %s --nn-gradient="wrt=last recompute=blocks" 2>&1 | FileCheck %s --check-prefix=NOTHING

// NODE: error: loc("steps"): node 'steps' (Floor, opset 17) has no derivative
// NAME: error: nn-gradient: nothing is called 'y'
// TWICE: error: nn-gradient: 'twice': expected one node of this name, but found 2
// INDICES: error: loc("rows"): nn-gradient: 'rows:1': expected an operand of 'nn.embedding' with a derivative
// OPERAND: error: loc("rows"): nn-gradient: 'rows:7': expected an operand of 'nn.embedding' with a derivative
// MAP: error: nn-gradient: nothing is called 'table:weight'
// INTEGERS: error: nn-gradient: 'ids': expected a tensor of floats, but found 'tensor<3xsi64>'
// RESULT: error: nn-gradient: no output is called 'logit'; did you mean 'logits'?
// STOP: error: nn-gradient: nothing is called 'lost'; did you mean 'last'?
// LOSS: error: nn-gradient: expected loss mse, kl, cross-entropy or output, but found 'l1'
// RECOMPUTE: error: nn-gradient: expected recompute none or blocks, but found 'all'
// ZERO: remark: nn-gradient: the loss does not depend on 'x': its gradient is zero
// NOTHING: remark: nn-gradient: nothing is computed again: no cut of the way saves memory
func.func @main(%x: tensor<3x2xf32> {onnx.name = "x"}, %ids: tensor<3xsi64> {onnx.name = "ids"})
    -> (tensor<3x2xf32> {onnx.name = "logits"}) {
  %table = nn.constant dense<1.0> : tensor<4x2xf32> loc("table")
  %rows = nn.embedding %table, %ids : (tensor<4x2xf32>, tensor<3xsi64>) -> tensor<3x2xf32> loc("rows")
  %c = onnx.node "Floor"(%x) {node_name = "steps", opset = 17 : i64} : (tensor<3x2xf32>) -> tensor<3x2xf32> loc("steps")
  %t = nn.tanh %c : tensor<3x2xf32> loc("twice")
  %u = nn.neg %t : tensor<3x2xf32> loc("twice")
  %a = nn.mul %u, %rows : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32> loc("last")
  return %a : tensor<3x2xf32>
}
