//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fronts and series for people: CSV and SVG. The bytes are a function of the arguments alone.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ALLOCATION_REPORT_H
#define QUANTC_ALLOCATION_REPORT_H

#include "quantc/Allocation/Solvers.h"
#include "llvm/Support/raw_ostream.h"

namespace quantc::alloc {

/// A line per point: cost, loss, then the label of every group's candidate; the first line names
/// the columns ("size [B]", "loss", groups). Fields are quoted as RFC 4180 says; losses have the
/// digits that tell them from their neighbours.
void writeFrontCsv(const Problem &problem, unsigned resource, llvm::ArrayRef<FrontPoint> front,
                   llvm::raw_ostream &out);

struct Series {
  std::string name;
  std::vector<double> x, y; ///< equal lengths
  bool line = false;        ///< points are joined; a front as stairs is the caller's matter
};

struct PlotOptions {
  std::string title, xLabel, yLabel;
  bool logX = false, logY = false; ///< points that are not positive there are left out
};

/// A plot of 640 x 480 with axes, ticks, legend, and a marker per point, which shows its
/// coordinates as a tooltip; no scripts, no fonts to load. Error: lengths that differ, values that
/// are not finite, nothing to draw.
llvm::Error writeSvg(llvm::ArrayRef<Series> series, const PlotOptions &options,
                     llvm::raw_ostream &out);

/// Loss against cost of a front.
llvm::Error writeFrontSvg(const Problem &problem, unsigned resource,
                          llvm::ArrayRef<FrontPoint> front, llvm::raw_ostream &out);

} // namespace quantc::alloc

#endif // QUANTC_ALLOCATION_REPORT_H
