//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// If, Loop and Scan. Their bodies are lowered in place; values that differ in sizes from one branch
// or iteration to the next are carried as buffers of dynamic sizes.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

/// The buffer type of a rank whose sizes are all unknown.
static MemRefType dynamicType(const Tensor &tensor) {
  auto type = cast<MemRefType>(tensor.memref().getType());
  return MemRefType::get(SmallVector<int64_t>(type.getRank(), ShapedType::kDynamic),
                         type.getElementType());
}

static Value castTo(Emitter &e, Value memref, Type type) {
  return memref.getType() == type ? memref
                                  : memref::CastOp::create(e.b, e.loc, type, memref).getResult();
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

/// The type that holds both: sizes that differ become unknown.
static FailureOr<MemRefType> commonType(NodeLowering &n, const Tensor &a, const Tensor &b) {
  auto first = cast<MemRefType>(a.memref().getType()),
       second = cast<MemRefType>(b.memref().getType());
  if (a.type() != b.type() || a.rank() != b.rank())
    return n.refuse(Refusal::Output, "the branches give tensors of different type or rank");
  SmallVector<int64_t> sizes;
  for (auto [x, y] : llvm::zip_equal(first.getShape(), second.getShape()))
    sizes.push_back(x == y ? x : ShapedType::kDynamic);
  return MemRefType::get(sizes, first.getElementType());
}

/// A constant condition leaves one branch, which may then be of any rank.
static LogicalResult takeBranch(NodeLowering &n, Region &branch) {
  FailureOr<SmallVector<Tensor>> results = n.lowerBody(branch, {});
  if (failed(results))
    return failure();
  for (auto [i, tensor] : llvm::enumerate(*results))
    n.bind(i, tensor);
  return success();
}

static std::optional<bool> knownCondition(NodeLowering &n) {
  Value value = n.node.getOptionalInput(0);
  auto known = value ? n.scope.constants.find(value) : n.scope.constants.end();
  if (known == n.scope.constants.end() || known->second.getNumElements() != 1)
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(known->second);
  if (!dense || !dense.getElementType().isInteger(1))
    return std::nullopt;
  return *dense.value_begin<bool>();
}

static LogicalResult ifOp(NodeLowering &n) {
  Region *yes = n.node.getGraph("then_branch"), *no = n.node.getGraph("else_branch");
  if (!yes || !no || yes->empty() || no->empty() || !n.has(0))
    return n.refuse(Refusal::Operand, "expected a condition and two branches");
  if (std::optional<bool> known = knownCondition(n))
    return takeBranch(n, *known ? *yes : *no);
  Emitter &e = n.e;
  // The results' types are those of both branches together: build first, then make the op again.
  Value condition = convert(n.scalar(0), Compute::Bool).value;
  auto draft = scf::IfOp::create(e.b, e.loc, TypeRange(), condition, true, true);
  SmallVector<SmallVector<Tensor>> results;
  for (auto [block, body] : {std::pair(draft.thenBlock(), yes), std::pair(draft.elseBlock(), no)}) {
    OpBuilder::InsertionGuard guard(e.b);
    if (!block->empty())
      block->back().erase();
    e.b.setInsertionPointToStart(block);
    FailureOr<SmallVector<Tensor>> values = n.lowerBody(*body, {});
    if (failed(values))
      return failure();
    results.push_back(*values);
  }
  if (results[0].size() != results[1].size())
    return n.refuse(Refusal::Output, "the branches give different numbers of outputs");
  SmallVector<Type> types;
  for (auto [a, b] : llvm::zip_equal(results[0], results[1])) {
    FailureOr<MemRefType> type = commonType(n, a, b);
    if (failed(type))
      return failure();
    types.push_back(*type);
  }
  for (auto [block, values] :
       llvm::zip(SmallVector<Block *>{draft.thenBlock(), draft.elseBlock()}, results)) {
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToEnd(block);
    SmallVector<Value> yielded;
    for (auto [tensor, type] : llvm::zip_equal(values, types))
      yielded.push_back(castTo(e, tensor.memref(), type));
    scf::YieldOp::create(e.b, e.loc, yielded);
  }
  auto branch = scf::IfOp::create(e.b, e.loc, types, condition, false, false);
  branch.getThenRegion().takeBody(draft.getThenRegion());
  branch.getElseRegion().takeBody(draft.getElseRegion());
  draft.erase();
  for (auto [i, value] : llvm::enumerate(branch.getResults()))
    n.bind(i, Tensor(e, value, results[0][i].type()));
  return success();
}

//===----------------------------------------------------------------------===//
// Iteration
//===----------------------------------------------------------------------===//

namespace {
/// A loop whose body gives a condition, values to carry on, and outputs to stack.
class Iteration {
public:
  using Body = llvm::function_ref<FailureOr<SmallVector<Tensor>>(Index, ArrayRef<Tensor>)>;

  Iteration(NodeLowering &n, unsigned carried) : n(n), e(n.e), carried(carried) {}

  /// `body` returns the condition (a tensor), `carried` values, then one output for each stack.
  LogicalResult run(Index trips, Scalar go, ArrayRef<Tensor> initial, Body body);

  SmallVector<Tensor> values; ///< carried, after the last iteration
  Index count;                ///< iterations done
  SmallVector<Tensor> stacks; ///< [iterations, sizes...]

  int64_t stackRank(unsigned i) const { return ranks[i] + 1; }

private:
  LogicalResult probe(ArrayRef<Tensor> initial, Body body);
  SmallVector<Value> push(unsigned index, ArrayRef<Value> state, const Tensor &output);

  NodeLowering &n;
  Emitter &e;
  unsigned carried;
  SmallVector<DType> types;
  SmallVector<int64_t> ranks;
};
} // namespace

static MemRefType flatType(Emitter &e, DType type) {
  return MemRefType::get({ShapedType::kDynamic}, storageType(type, e.b.getContext()));
}

/// State of a stack: buffer, used elements, sizes of an output. Grows to twice what is needed.
SmallVector<Value> Iteration::push(unsigned index, ArrayRef<Value> state, const Tensor &output) {
  Tensor buffer(e, state[0], types[index]);
  Index used(e, state[1]);
  Index needed = used + output.count();
  auto grown = scf::IfOp::create(e.b, e.loc, TypeRange(flatType(e, types[index])),
                                 e.less(buffer.dim(0), needed).value, true, true);
  {
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(grown.thenBlock());
    Tensor larger = e.allocate({needed * 2}, types[index]);
    e.loop(used, [&](Index i) { larger.storeRaw(buffer.loadRaw({i}), {i}); });
    scf::YieldOp::create(e.b, e.loc, castTo(e, larger.memref(), flatType(e, types[index])));
    e.b.setInsertionPointToStart(grown.elseBlock());
    scf::YieldOp::create(e.b, e.loc, buffer.memref());
  }
  Tensor room(e, grown.getResult(0), types[index]), flat = output.flat();
  e.loop(flat.count(), [&](Index i) { room.storeRaw(flat.loadRaw({i}), {used + i}); });
  SmallVector<Value> next = {room.memref(), needed.value(e)};
  for (Index size : output.dims())
    next.push_back(size.value(e));
  return next;
}

/// Types and ranks of what is stacked: those that the body gives when it is lowered aside.
LogicalResult Iteration::probe(ArrayRef<Tensor> initial, Body body) {
  OpBuilder::InsertionGuard guard(e.b);
  size_t messages = e.messages.size();
  Block scratch;
  Value iteration = scratch.addArgument(e.b.getIndexType(), e.loc);
  SmallVector<Tensor> arguments;
  e.b.setInsertionPointToStart(&scratch);
  for (const Tensor &value : initial)
    arguments.push_back(Tensor(e, scratch.addArgument(dynamicType(value), e.loc), value.type()));
  FailureOr<SmallVector<Tensor>> outputs = body(Index(e, iteration), arguments);
  if (failed(outputs))
    return failure();
  if (outputs->size() < 1 + carried)
    return n.refuse(Refusal::Output, "the body gives too few outputs");
  for (const Tensor &output : ArrayRef(*outputs).drop_front(1 + carried)) {
    types.push_back(output.type());
    ranks.push_back(output.rank());
  }
  e.messages.resize(messages);
  scratch.dropAllReferences();
  scratch.clear();
  return success();
}

LogicalResult Iteration::run(Index trips, Scalar go, ArrayRef<Tensor> initial, Body body) {
  if (failed(probe(initial, body)))
    return failure();
  // Iteration, condition, carried buffers, then the stacks' states.
  SmallVector<Value> state = {Index(0).value(e), go.value};
  for (const Tensor &value : initial)
    state.push_back(castTo(e, value.memref(), dynamicType(value)));
  SmallVector<unsigned> first;
  for (auto [type, rank] : llvm::zip_equal(types, ranks)) {
    first.push_back(state.size());
    state.push_back(castTo(e, e.allocate({16}, type).memref(), flatType(e, type)));
    state.append(rank + 1, Index(0).value(e));
  }
  auto loop = scf::WhileOp::create(e.b, e.loc, ValueRange(state).getTypes(), state);
  SmallVector<Location> locations(state.size(), e.loc);
  Block *before = e.b.createBlock(&loop.getBefore(), {}, ValueRange(state).getTypes(), locations);
  Scalar on = Scalar{&e, before->getArgument(1), Compute::Bool} &
              e.less(Index(e, before->getArgument(0)), trips);
  scf::ConditionOp::create(e.b, e.loc, on.value, before->getArguments());
  Block *after = e.b.createBlock(&loop.getAfter(), {}, ValueRange(state).getTypes(), locations);
  Index iteration(e, after->getArgument(0));
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < carried; ++i)
    arguments.push_back(Tensor(e, after->getArgument(2 + i), initial[i].type()));
  FailureOr<SmallVector<Tensor>> outputs = body(iteration, arguments);
  if (failed(outputs))
    return failure();
  if (outputs->size() != 1 + carried + types.size())
    return n.refuse(Refusal::Output, "the body gives another number of outputs");
  SmallVector<Value> next = {(iteration + 1).value(e),
                             convert((*outputs)[0].flat().load({0}), Compute::Bool).value};
  for (unsigned i = 0; i < carried; ++i) {
    const Tensor &value = (*outputs)[1 + i];
    if (value.type() != initial[i].type() || value.rank() != initial[i].rank())
      return n.refuse(Refusal::Output, "a carried value changes its type or rank");
    next.push_back(castTo(e, value.memref(), dynamicType(value)));
  }
  for (unsigned i = 0; i < types.size(); ++i) {
    const Tensor &output = (*outputs)[1 + carried + i];
    if (output.type() != types[i] || output.rank() != ranks[i])
      return n.refuse(Refusal::Output,
                      "an output of the body has another type or rank than declared");
    SmallVector<Value> own(after->getArguments().slice(first[i], ranks[i] + 2));
    next.append(push(i, own, output));
  }
  scf::YieldOp::create(e.b, e.loc, next);
  e.b.setInsertionPointAfter(loop);
  auto results = loop.getResults();
  count = Index(e, results[0]);
  for (unsigned i = 0; i < carried; ++i)
    values.push_back(Tensor(e, results[2 + i], initial[i].type()));
  for (unsigned i = 0; i < types.size(); ++i) {
    Indices sizes = {count};
    for (int64_t axis = 0; axis < ranks[i]; ++axis)
      sizes.push_back(Index(e, results[first[i] + 2 + axis]));
    stacks.push_back(e.view(Tensor(e, results[first[i]], types[i]), sizes));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

static LogicalResult loopOp(NodeLowering &n) {
  Region *body = n.node.getGraph("body");
  if (!body || body->empty())
    return n.refuse(Refusal::Operand, "expected a body");
  Emitter &e = n.e;
  unsigned carried = n.numInputs() > 2 ? n.numInputs() - 2 : 0;
  Index trips = INT64_MAX;
  if (n.has(0)) {
    FailureOr<Index> given = n.integer(0);
    if (failed(given))
      return failure();
    trips = *given;
  }
  Scalar go = n.has(1) ? convert(n.scalar(1), Compute::Bool) : e.boolean(true);
  SmallVector<Tensor> initial;
  for (unsigned i = 0; i < carried; ++i)
    initial.push_back(n.in(2 + i));
  Block &block = body->front();
  if (block.getNumArguments() != 2 + carried)
    return n.refuse(Refusal::Operand, "the body takes another number of inputs");
  Iteration iteration(n, carried);
  LogicalResult done = iteration.run(trips, go, initial, [&](Index i, ArrayRef<Tensor> values) {
    Tensor number = e.allocate({}, DType::I64), condition = e.allocate({}, DType::Bool);
    number.store(e.toScalar(i), {});
    condition.store(e.boolean(true), {});
    SmallVector<Tensor> arguments = {number, condition};
    arguments.append(values.begin(), values.end());
    return n.lowerBody(*body, arguments);
  });
  if (failed(done))
    return failure();
  for (unsigned i = 0; i < carried; ++i)
    n.bind(i, iteration.values[i]);
  for (auto [i, stack] : llvm::enumerate(iteration.stacks))
    n.bind(carried + i, stack);
  return success();
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

/// Element `index` along `axis`, copied out.
static Tensor sliceAt(Emitter &e, const Tensor &tensor, int64_t axis, Index index) {
  Indices sizes(tensor.dims());
  sizes.erase(sizes.begin() + axis);
  Tensor slice = e.allocate(sizes, tensor.type());
  e.loops(sizes, [&](IndexRef p) {
    Indices from(p);
    from.insert(from.begin() + axis, index);
    slice.storeRaw(tensor.loadRaw(from), p);
  });
  return slice;
}

/// [count, ...] with axis 0 moved to `axis`, backwards where asked.
static Tensor unstack(Emitter &e, const Tensor &stack, int64_t axis, bool backward) {
  if (axis == 0 && !backward)
    return stack;
  Indices sizes(stack.dims().drop_front());
  sizes.insert(sizes.begin() + axis, stack.dim(0));
  Tensor out = e.allocate(sizes, stack.type());
  e.loops(stack.dims(), [&](IndexRef p) {
    Indices to(p.drop_front());
    to.insert(to.begin() + axis, backward ? stack.dim(0) - 1 - p[0] : p[0]);
    out.storeRaw(stack.loadRaw(p), to);
  });
  return out;
}

/// A tensor that holds true.
static Tensor trueTensor(Emitter &e) {
  Tensor condition = e.allocate({}, DType::Bool);
  condition.store(e.boolean(true), {});
  return condition;
}

namespace {
/// What the attributes of a Scan say; axes are as they are written.
struct ScanForm {
  Region *body;
  int64_t scanned, states, outputs;
  SmallVector<int64_t> inAxes, outAxes, inBackward, outBackward;
};
} // namespace

static FailureOr<ScanForm> readScan(NodeLowering &n) {
  ScanForm form;
  form.body = n.node.getGraph("body");
  form.scanned = n.attr("num_scan_inputs", int64_t(0));
  form.states = int64_t(n.numInputs()) - form.scanned;
  if (!form.body || form.body->empty() || form.scanned < 1 || form.states < 0)
    return n.refuse(Refusal::Operand, "expected a body and scanned inputs");
  form.outputs = int64_t(form.body->front().getTerminator()->getNumOperands()) - form.states;
  auto list = [&](StringRef name, int64_t count) {
    return n.intsAttr(name).value_or(SmallVector<int64_t>(std::max<int64_t>(count, 0), 0));
  };
  form.inAxes = list("scan_input_axes", form.scanned);
  form.outAxes = list("scan_output_axes", form.outputs);
  form.inBackward = list("scan_input_directions", form.scanned);
  form.outBackward = list("scan_output_directions", form.outputs);
  if (form.outputs < 0 || int64_t(form.inAxes.size()) != form.scanned ||
      int64_t(form.outAxes.size()) != form.outputs ||
      int64_t(form.inBackward.size()) != form.scanned ||
      int64_t(form.outBackward.size()) != form.outputs)
    return n.refuse(Refusal::AttributeValue, "expected an axis and a direction for each scan");
  return form;
}

/// The length that all scanned inputs have; makes their axes non-negative.
static FailureOr<Index> scanLength(NodeLowering &n, ScanForm &form) {
  Index length;
  for (int64_t i = 0; i < form.scanned; ++i) {
    const Tensor &input = n.in(form.states + i);
    FailureOr<int64_t> axis = n.reader.normalizeAxis(form.inAxes[i], input.rank());
    if (failed(axis))
      return failure();
    form.inAxes[i] = *axis;
    Index own = input.dim(*axis);
    if (i > 0)
      n.e.check(n.e.equal(own, length), "scanned inputs have different lengths");
    length = i > 0 ? length : own;
  }
  return length;
}

static LogicalResult scanOp(NodeLowering &n) {
  FailureOr<ScanForm> form = readScan(n);
  if (failed(form))
    return failure();
  Emitter &e = n.e;
  SmallVector<Tensor> initial;
  for (int64_t i = 0; i < form->states; ++i)
    initial.push_back(n.in(i));
  FailureOr<Index> length = scanLength(n, *form);
  if (failed(length))
    return failure();
  auto step = [&](Index i, ArrayRef<Tensor> values) -> FailureOr<SmallVector<Tensor>> {
    SmallVector<Tensor> arguments(values);
    for (int64_t s = 0; s < form->scanned; ++s)
      arguments.push_back(sliceAt(e, n.in(form->states + s), form->inAxes[s],
                                  form->inBackward[s] ? *length - 1 - i : i));
    FailureOr<SmallVector<Tensor>> results = n.lowerBody(*form->body, arguments);
    if (succeeded(results))
      results->insert(results->begin(), trueTensor(e));
    return results;
  };
  Iteration iteration(n, form->states);
  if (failed(iteration.run(*length, e.boolean(true), initial, step)))
    return failure();
  for (int64_t i = 0; i < form->states; ++i)
    n.bind(i, iteration.values[i]);
  for (int64_t i = 0; i < form->outputs; ++i) {
    FailureOr<int64_t> axis = n.reader.normalizeAxis(form->outAxes[i], iteration.stackRank(i));
    if (failed(axis))
      return failure();
    n.bind(form->states + i, unstack(e, iteration.stacks[i], *axis, form->outBackward[i] != 0));
  }
  return success();
}

/// Of opset 8: all inputs have `batch` elements, scanned ones and sequences `length` steps.
static void checkBatches(NodeLowering &n, int64_t states, Index batch, Index length) {
  Emitter &e = n.e;
  for (int64_t i = 1; i < int64_t(n.numInputs()); ++i) {
    e.check(e.equal(n.in(i).dim(0), batch), "inputs have different batch sizes");
    if (i > states)
      e.check(e.equal(n.in(i).dim(1), length), "scanned inputs have different lengths");
  }
  if (!n.has(0))
    return;
  Tensor lengths = n.in(0).flat();
  e.loop(lengths.count(), [&](Index i) {
    e.check(e.equal(e.toIndex(lengths.load({i})), length),
            "sequences that are shorter than their scanned input are not supported");
  });
}

/// Opset 8: every tensor begins with a batch axis, whose elements are scanned apart.
static LogicalResult scanBatches(NodeLowering &n) {
  Region *body = n.node.getGraph("body");
  int64_t scanned = n.attr("num_scan_inputs", int64_t(0));
  int64_t states = int64_t(n.numInputs()) - 1 - scanned; // input 0 is sequence_lens
  if (!body || body->empty() || scanned < 1 || states < 0)
    return n.refuse(Refusal::Operand, "expected a body and scanned inputs");
  SmallVector<int64_t> backward =
      n.intsAttr("directions").value_or(SmallVector<int64_t>(size_t(scanned), 0));
  if (int64_t(backward.size()) != scanned)
    return n.refuse(Refusal::AttributeValue, "expected a direction for each scan");
  Emitter &e = n.e;
  for (int64_t i = 1; i <= states + scanned; ++i)
    if (!n.in(i) || n.in(i).rank() < (i > states ? 2 : 1))
      return n.refuse(Refusal::Rank, "expected a batch axis, and one to scan");
  Index batch = n.in(1 + states).dim(0), length = n.in(1 + states).dim(1);
  checkBatches(n, states, batch, length);
  // One scan: final states, then stacked outputs.
  auto scanOne = [&](Index element) -> FailureOr<SmallVector<Tensor>> {
    SmallVector<Tensor> initial, sequences;
    for (int64_t i = 0; i < states; ++i)
      initial.push_back(sliceAt(e, n.in(1 + i), 0, element));
    for (int64_t s = 0; s < scanned; ++s)
      sequences.push_back(sliceAt(e, n.in(1 + states + s), 0, element));
    Iteration steps(n, states);
    auto step = [&](Index i, ArrayRef<Tensor> values) -> FailureOr<SmallVector<Tensor>> {
      SmallVector<Tensor> arguments(values);
      for (int64_t s = 0; s < scanned; ++s)
        arguments.push_back(sliceAt(e, sequences[s], 0, backward[s] ? length - 1 - i : i));
      FailureOr<SmallVector<Tensor>> results = n.lowerBody(*body, arguments);
      if (succeeded(results))
        results->insert(results->begin(), trueTensor(e));
      return results;
    };
    if (failed(steps.run(length, e.boolean(true), initial, step)))
      return failure();
    SmallVector<Tensor> results = {trueTensor(e)};
    results.append(steps.values);
    results.append(steps.stacks);
    return results;
  };
  Iteration batches(n, 0);
  if (failed(batches.run(batch, e.boolean(true), {},
                         [&](Index element, ArrayRef<Tensor>) { return scanOne(element); })))
    return failure();
  for (auto [i, stack] : llvm::enumerate(batches.stacks))
    n.bind(i, stack);
  return success();
}

//===----------------------------------------------------------------------===//
// Optionals
//===----------------------------------------------------------------------===//

/// An operand is a tensor here (an optional is no tensor of numbers): it is there, or not given.
static LogicalResult optionalHasElement(NodeLowering &n) {
  n.result(0, {}, DType::Bool).store(n.e.boolean(n.has(0)), {});
  return success();
}

static LogicalResult optionalGetElement(NodeLowering &n) {
  if (!n.has(0))
    return n.refuse(Refusal::Operand, "expected an input");
  n.bind(0, n.in(0));
  return success();
}

static const LoweringRow rows[] = {
    {"OptionalGetElement", 15, latestOpset, optionalGetElement},
    {"OptionalHasElement", 15, latestOpset, optionalHasElement},
    {"If", 1, latestOpset, ifOp},
    {"Loop", 1, latestOpset, loopOp},
    {"Scan", 8, 8, scanBatches},
    {"Scan", 9, latestOpset, scanOp},
};

ArrayRef<LoweringRow> quantc::toloops::controlLowerings() { return rows; }
