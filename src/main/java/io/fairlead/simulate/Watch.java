package io.fairlead.simulate;

import io.fairlead.config.SimulationConfig;
import java.util.Arrays;

/**
 * Whether what is wrong is found, how soon, and whether anything else is taken for it. Each
 * instance judges for itself, so each node counts once for each instance that a fault is felt by.
 */
final class Watch {
  /** Longer than a node needs to come back after its fault; what is ejected then is healthy. */
  private static final long AFTERMATH = 60_000_000_000L;

  private static final double HELD = 1.0 / 3;

  private final long[] began;
  private final long[] ended;
  private final boolean[][] out;
  private final long[][] found;
  private final long[][] flagged;
  private final int felt;
  private final Tally tally;
  private final long warmUp;

  /**
   * @param felt how many instances the faults are felt by, the first ones
   */
  Watch(SimulationConfig config, int instances, int felt, Tally tally) {
    int nodes = config.nodes().count();
    began = new long[nodes];
    ended = new long[nodes];
    Arrays.fill(began, Long.MAX_VALUE);
    Arrays.fill(ended, Long.MIN_VALUE / 2);
    out = new boolean[instances][nodes];
    found = new long[instances][nodes];
    flagged = new long[instances][nodes];
    this.felt = felt;
    this.tally = tally;
    this.warmUp = config.warmUp().toNanos();
  }

  /** Something is wrong with the node from now on, or no longer. */
  void changed(int node, boolean wrong, long now) {
    if (wrong && began[node] == Long.MAX_VALUE) {
      began[node] = now;
    }
    if (wrong) {
      ended[node] = Long.MAX_VALUE;
    } else if (ended[node] == Long.MAX_VALUE) {
      ended[node] = now;
    }
  }

  /** The instance has judged. */
  void look(int instance, Picker picker, long now) {
    for (int node = 0; node < began.length; node++) {
      double share = picker.share(node);
      boolean isOut = share == 0;
      if (isOut && !out[instance][node] && now >= warmUp) {
        tally.ejections++;
        boolean healthy =
            instance >= felt
                || now < began[node]
                || (ended[node] < Long.MAX_VALUE && now - ended[node] > AFTERMATH);
        tally.falseEjections += healthy ? 1 : 0;
      }
      out[instance][node] = isOut;
      if (now >= began[node]) {
        if (share < HELD && found[instance][node] == 0) {
          found[instance][node] = Math.max(1, now - began[node]);
        }
        if (share < 1 && flagged[instance][node] == 0) {
          flagged[instance][node] = Math.max(1, now - began[node]);
        }
      }
    }
  }

  /** What has been found in all. An alarm before anything was wrong names nothing. */
  void conclude(Picker[] pickers, long now) {
    tally.watchedNanos += now - warmUp;
    long first = Arrays.stream(began).min().orElse(Long.MAX_VALUE);
    for (int i = 0; i < felt; i++) {
      for (int node = 0; node < began.length; node++) {
        if (began[node] < Long.MAX_VALUE) {
          tally.found.add(found[i][node] == 0 ? Long.MAX_VALUE : found[i][node]);
          tally.flagged.add(flagged[i][node] == 0 ? Long.MAX_VALUE : flagged[i][node]);
        }
      }
      long alarmed = pickers[i].alarmedSince();
      if (first < Long.MAX_VALUE) {
        boolean named = alarmed >= first && alarmed < Long.MAX_VALUE;
        tally.alarmed.add(named ? alarmed - first : Long.MAX_VALUE);
      }
    }
  }
}
