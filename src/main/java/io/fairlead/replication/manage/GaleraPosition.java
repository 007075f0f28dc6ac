package io.fairlead.replication.manage;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How much of a cluster's history a member has.
 *
 * @param cluster identifier of that history
 * @param number of the last change that it has, 0 or more
 */
record GaleraPosition(String cluster, long number) {
  private static final String UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
  private static final String NONE = "00000000-0000-0000-0000-000000000000";
  private static final Pattern TEXT = Pattern.compile("(" + UUID + "):(-?[0-9]{1,18})");
  private static final Pattern RECOVERED =
      Pattern.compile("Recovered position:? (" + UUID + "):(-?[0-9]{1,18})");
  private static final Pattern SAVED_CLUSTER = Pattern.compile("(?m)^uuid:\\s+(" + UUID + ")\\s*$");
  private static final Pattern SAVED_NUMBER =
      Pattern.compile("(?m)^seqno:\\s+(-?[0-9]{1,18})\\s*$");

  @Override
  public String toString() {
    return cluster + ":" + number;
  }

  /**
   * Reads what {@link #toString} wrote.
   *
   * @throws IOException if it did not
   */
  static GaleraPosition parse(String text) throws IOException {
    Matcher found = TEXT.matcher(text);
    GaleraPosition position = found.matches() ? of(found) : null;
    if (position == null) {
      throw new IOException("is no position in a cluster: " + text);
    }
    return position;
  }

  /** What {@code mariadbd --wsrep-recover} says; null: it says none, or that there is none. */
  static @Nullable GaleraPosition recovered(String said) {
    Matcher found = RECOVERED.matcher(said);
    GaleraPosition last = null;
    while (found.find()) {
      last = of(found);
    }
    return last;
  }

  /**
   * What {@code grastate.dat} says.
   *
   * @return null: the server did not end in order, or has no position, or that is no such file
   */
  static @Nullable GaleraPosition saved(String grastate) {
    Matcher cluster = SAVED_CLUSTER.matcher(grastate);
    Matcher number = SAVED_NUMBER.matcher(grastate);
    return cluster.find() && number.find() ? of(cluster.group(1), number.group(1)) : null;
  }

  /** Of which cluster {@code grastate.dat} says to be; empty: of none. */
  static String savedCluster(String grastate) {
    Matcher cluster = SAVED_CLUSTER.matcher(grastate);
    return cluster.find() && !cluster.group(1).equals(NONE) ? cluster.group(1) : "";
  }

  private static @Nullable GaleraPosition of(Matcher found) {
    return of(found.group(1), found.group(2));
  }

  private static @Nullable GaleraPosition of(String cluster, String number) {
    return cluster.equals(NONE) || number.startsWith("-")
        ? null
        : new GaleraPosition(cluster, Long.parseLong(number));
  }

  /** What a server reads at its start: of that history, and who may begin it anew. */
  static String grastate(GaleraPosition position, boolean begins) {
    return """
    # GALERA saved state
    version: 2.1
    uuid:    %s
    seqno:   -1
    safe_to_bootstrap: %d
    """
        .formatted(position.cluster(), begins ? 1 : 0);
  }
}
