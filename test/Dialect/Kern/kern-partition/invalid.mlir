// RUN: quant-opt %s --verify-diagnostics --pass-pipeline='builtin.module(func.func(kern-partition{min-work=0}))'

// expected-error @below {{expected min-work of at least 1, but found 0}}
func.func @main() {
  return
}
