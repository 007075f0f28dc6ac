package io.fairlead.service;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the requests of a service are divided between a new version and what there was.
 *
 * @param version value of the label {@value #LABEL} of the nodes of the new version; null: there is
 *     none
 * @param share of all requests that these get, 0 to 1
 * @param without versions whose nodes get nothing
 */
public record Division(@Nullable String version, double share, Set<String> without) {
  /** What tells versions apart. */
  public static final String LABEL = "version";

  /** Between two versions. */
  public Division(String version, double share) {
    this(version, share, Set.of());
  }

  public Division {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("share is " + share);
    }
    without = Set.copyOf(without);
  }

  /** Whether the node is of the new version. */
  public boolean isNew(Node node) {
    return version != null && version.equals(label(node));
  }

  /** Whether the node gets nothing whatever the share. */
  public boolean isOut(Node node) {
    return !without.isEmpty() && without.contains(label(node));
  }

  /** Whether sessions end there: its version was tried, or has been replaced. */
  boolean passesOver(Node node) {
    return isOut(node) || (share <= 0 && isNew(node));
  }

  /** The version of a node; empty: it has none. */
  public static String label(Node node) {
    return node.facts().labels().getOrDefault(LABEL, "");
  }
}
