//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C interface of a model, called from C++; see CompiledModel.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Execution/CompiledModel.h"
#include "llvm/ADT/Twine.h"
#include <dlfcn.h>
#include <functional>

using namespace quantc;

char UnavailableError::ID = 0;

CompiledModel::~CompiledModel() { release(); }

void CompiledModel::release() {
  if (context)
    destroyFunction(context);
  context = nullptr;
}

llvm::Error CompiledModel::check(int32_t status) {
  if (status == QRT_OK)
    return llvm::Error::success();
  std::string message = errorStringFunction(status);
  if (context)
    if (const char *detail = lastErrorFunction(context); detail && *detail)
      message += std::string(": ") + detail;
  return llvm::createStringError(message);
}

static ModelTensor describe(const qrt_tensor_info &info) {
  ModelTensor tensor;
  tensor.name = info.name;
  tensor.dtype = static_cast<DType>(info.dtype);
  tensor.shape.assign(info.shape, info.shape + info.rank);
  tensor.scale = info.scale;
  tensor.zeroPoint = info.zero_point;
  return tensor;
}

namespace {
/// Looks functions up and remembers the first that is missing.
class Resolver {
public:
  explicit Resolver(std::function<void *(const char *)> symbol) : symbol(std::move(symbol)) {}
  template <typename Fn> Fn *get(const char *name, Fn *) {
    void *address = symbol(name);
    if (!address && missing.empty())
      missing = name;
    return reinterpret_cast<Fn *>(address);
  }
  std::string missing;

private:
  std::function<void *(const char *)> symbol;
};
} // namespace

#define RESOLVE(NAME) resolver.get(#NAME, static_cast<decltype(&NAME)>(nullptr))

llvm::Error CompiledModel::initialize(int threads, bool profile) {
  Resolver resolver([this](const char *name) { return symbol(name); });
  auto *abiVersion = RESOLVE(quantc_model_abi_version);
  auto *inputCount = RESOLVE(quantc_model_input_count);
  auto *outputCount = RESOLVE(quantc_model_output_count);
  auto *input = RESOLVE(quantc_model_input);
  auto *output = RESOLVE(quantc_model_output);
  auto *certificateOf = RESOLVE(quantc_model_certificate);
  auto *cpuLevelOf = RESOLVE(quantc_model_cpu_level);
  auto *create = RESOLVE(quantc_model_create);
  runFunction = RESOLVE(quantc_model_run);
  destroyFunction = RESOLVE(quantc_model_destroy);
  lastErrorFunction = RESOLVE(quantc_model_last_error);
  errorStringFunction = RESOLVE(quantc_model_error_string);
  if (!resolver.missing.empty())
    return llvm::createStringError("not a model library of quantc: it lacks '" + resolver.missing +
                                   "'");
  if (abiVersion() != QUANTC_MODEL_ABI_VERSION)
    return llvm::createStringError("expected model ABI version " +
                                   llvm::Twine(QUANTC_MODEL_ABI_VERSION) + ", but found " +
                                   llvm::Twine(abiVersion()));
  for (int32_t i = 0; i < inputCount(); ++i)
    inputList.push_back(describe(*input(i)));
  for (int32_t i = 0; i < outputCount(); ++i)
    outputList.push_back(describe(*output(i)));
  certificateText = certificateOf();
  level = cpuLevelOf();
  char message[512] = "";
  qrt_options options = {};
  options.struct_size = sizeof(options);
  options.num_threads = threads;
  options.profile = profile;
  options.message = message;
  options.message_size = sizeof(message);
  int32_t status = create(&options, &context);
  if (status == QRT_OK)
    return llvm::Error::success();
  std::string text = std::string(errorStringFunction(status)) + (*message ? ": " : "") + message;
  bool unavailable =
      status == QRT_UNSUPPORTED_CPU || (status >= QRT_GPU_NO_DRIVER && status <= QRT_GPU_TOO_OLD);
  if (unavailable)
    return llvm::make_error<UnavailableError>(std::move(text));
  return llvm::createStringError(text);
}

llvm::Expected<std::vector<HostTensor>> CompiledModel::run(llvm::ArrayRef<HostTensor> feeds) {
  std::vector<HostTensor> results;
  std::vector<qrt_tensor> in, out;
  for (const HostTensor &feed : feeds)
    in.push_back({const_cast<uint8_t *>(feed.bytes().data()), int32_t(feed.dtype()),
                  int32_t(feed.rank()), feed.shape().data()});
  for (const ModelTensor &tensor : outputList)
    results.push_back(HostTensor::zeros(tensor.dtype, tensor.shape));
  for (HostTensor &result : results)
    out.push_back({result.mutableBytes().data(), int32_t(result.dtype()), int32_t(result.rank()),
                   result.shape().data()});
  if (llvm::Error error = check(
          runFunction(context, in.data(), int32_t(in.size()), out.data(), int32_t(out.size()))))
    return std::move(error);
  return results;
}

llvm::Expected<std::string> CompiledModel::selfTest() {
  Resolver resolver([this](const char *name) { return symbol(name); });
  auto *test = RESOLVE(quantc_model_self_test);
  if (!test)
    return llvm::createStringError("the library lacks 'quantc_model_self_test'");
  char message[512] = "";
  if (int32_t status = test(nullptr, message, sizeof(message)))
    return llvm::createStringError(std::string(errorStringFunction(status)) + ": " + message);
  return std::string(message);
}

llvm::Expected<std::vector<CompiledModel::StepTime>> CompiledModel::profile() {
  Resolver resolver([this](const char *name) { return symbol(name); });
  auto *count = RESOLVE(quantc_model_step_count);
  auto *name = RESOLVE(quantc_model_step_name);
  auto *kind = RESOLVE(quantc_model_step_kind);
  auto *times = RESOLVE(quantc_model_profile);
  if (!resolver.missing.empty())
    return llvm::createStringError("the library lacks '" + resolver.missing + "'");
  std::vector<int64_t> nanoseconds(count());
  if (llvm::Error error = check(times(context, nanoseconds.data(), count())))
    return std::move(error);
  std::vector<StepTime> steps;
  for (int32_t i = 0; i < count(); ++i)
    steps.push_back({name(i), kind(i), nanoseconds[i]});
  return steps;
}

#undef RESOLVE

namespace {
class LoadedModel : public CompiledModel {
public:
  static llvm::Expected<std::unique_ptr<CompiledModel>> open(llvm::StringRef path, int threads,
                                                             bool profile) {
    auto model = std::unique_ptr<LoadedModel>(new LoadedModel());
    // A name without a slash would be searched for along the library path.
    std::string file = path.contains('/') ? path.str() : "./" + path.str();
    model->handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!model->handle)
      return llvm::createStringError(std::string("cannot load the library: ") + dlerror());
    if (llvm::Error error = model->initialize(threads, profile))
      return std::move(error);
    return model;
  }
  ~LoadedModel() override {
    release();
    if (handle)
      dlclose(handle);
  }

protected:
  void *symbol(const char *name) override { return dlsym(handle, name); }

private:
  void *handle = nullptr;
};
} // namespace

llvm::Expected<std::unique_ptr<CompiledModel>> CompiledModel::load(llvm::StringRef path,
                                                                   int threads, bool profile) {
  return LoadedModel::open(path, threads, profile);
}
