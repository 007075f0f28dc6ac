package io.fairlead.simulate;

import io.fairlead.config.SimulationConfig;
import io.fairlead.simulate.Outcome.Figures;
import java.util.List;

/** Draws. */
final class Plot {
  private Plot() {}

  static String of(SimulationConfig config, List<Figures> figures) {
    return "<svg/>" + config.seeds() + figures.size();
  }
}
