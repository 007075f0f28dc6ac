package io.fairlead.replication.manage;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;

/**
 * What must never be forgotten of a managed database: whose word counts.
 *
 * @param system identifier of the data; empty: none has been made yet
 * @param term the highest that has begun; nobody who has promised less may be primary
 * @param sealed the term in which the primary was let in; less than {@code term}: a failover has
 *     begun and not come to its end
 * @param primary whom clients write to, or did
 * @param timeline that it began
 * @param rule whom an election has to ask
 * @param paused nothing is done until an operator says so
 */
record ManagedState(
    String system,
    long term,
    long sealed,
    String primary,
    int timeline,
    VoterRule rule,
    boolean paused) {
  /** Of a database that is still to be made: the first term makes its founder the primary. */
  static ManagedState founding(String founder, VoterRule rule) {
    return new ManagedState("", 1, 0, founder, 0, rule, false);
  }

  boolean isFounded() {
    return !system.isEmpty();
  }

  /** Whether the primary is known and nobody is being elected. */
  boolean isSettled() {
    return isFounded() && term == sealed;
  }

  ManagedState withSystem(String made) {
    return new ManagedState(made, term, sealed, primary, timeline, rule, paused);
  }

  ManagedState withTerm(long begun) {
    return new ManagedState(system, begun, sealed, primary, timeline, rule, paused);
  }

  ManagedState withRule(VoterRule next) {
    return new ManagedState(system, term, sealed, primary, timeline, next, paused);
  }

  ManagedState withPrimary(String next, int began) {
    return new ManagedState(system, term, term, next, began, rule, paused);
  }

  ManagedState withPaused(boolean stop) {
    return new ManagedState(system, term, sealed, primary, timeline, rule, stop);
  }

  String text() {
    return """
    system=%s
    term=%d
    sealed=%d
    primary=%s
    timeline=%d
    names=%s
    acks=%d
    voters=%s
    recruits=%d
    paused=%b
    """
        .formatted(
            system,
            term,
            sealed,
            primary,
            timeline,
            String.join(" ", rule.names()),
            rule.acks(),
            String.join(" ", rule.voters()),
            rule.recruits(),
            paused);
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws IOException if it did not
   */
  static ManagedState parse(String text) throws IOException {
    Properties said = new Properties();
    said.load(new StringReader(text));
    try {
      return new ManagedState(
          said.getProperty("system", ""),
          Long.parseLong(said.getProperty("term", "")),
          Long.parseLong(said.getProperty("sealed", "")),
          said.getProperty("primary", ""),
          Integer.parseInt(said.getProperty("timeline", "")),
          new VoterRule(
              new TreeSet<>(words(said, "names")),
              Integer.parseInt(said.getProperty("acks", "")),
              new TreeSet<>(words(said, "voters")),
              Integer.parseInt(said.getProperty("recruits", ""))),
          Boolean.parseBoolean(said.getProperty("paused", "")));
    } catch (IllegalArgumentException e) {
      throw new IOException("is no state of a database: " + e.getMessage(), e);
    }
  }

  private static List<String> words(Properties said, String key) {
    List<String> words = new ArrayList<>();
    for (String word : said.getProperty(key, "").split(" ", -1)) {
      if (!word.isEmpty()) {
        words.add(word);
      }
    }
    return words;
  }
}
