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
 * @param promoted who was made a primary in this term and is not let in yet; empty: nobody
 * @param leaving from whom an operator wants the writes to go, who gets nothing new; empty: nobody
 * @param change counts the terms and rules there were, so that none is mistaken for one before
 * @param ruled where the last rule is that was acknowledged
 */
record ManagedState(
    String system,
    long term,
    long sealed,
    String primary,
    int timeline,
    VoterRule rule,
    boolean paused,
    String promoted,
    String leaving,
    long change,
    Ruled ruled) {
  /**
   * By what one that keeps the log and cannot read it knows that the rule of a term is in it. It is
   * remembered before anybody is let in: whoever has acknowledged something since has the rule.
   *
   * @param term of the rule; 0: none is remembered
   * @param timeline on which it was written
   * @param end of the log behind it, or somewhere later
   */
  record Ruled(long term, int timeline, long end) {
    static final Ruled NONE = new Ruled(0, 0, 0);

    String text() {
      return term + " " + timeline + " " + end;
    }

    /**
     * Reads what {@link #text} wrote.
     *
     * @throws IllegalArgumentException if it did not
     */
    static Ruled parse(String text) {
      String[] words = text.split(" ", -1);
      if (words.length != 3) {
        throw new IllegalArgumentException("no place of a rule: " + text);
      }
      return new Ruled(
          Long.parseLong(words[0]), Integer.parseInt(words[1]), Long.parseLong(words[2]));
    }
  }

  /** With which it begins. */
  ManagedState(
      String system,
      long term,
      long sealed,
      String primary,
      int timeline,
      VoterRule rule,
      boolean paused) {
    this(system, term, sealed, primary, timeline, rule, paused, "", "", 0, Ruled.NONE);
  }

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
    return new ManagedState(
        made, term, sealed, primary, timeline, rule, paused, promoted, leaving, change, ruled);
  }

  ManagedState withTerm(long begun) {
    return new ManagedState(
        system, begun, sealed, primary, timeline, rule, paused, "", leaving, change + 1, ruled);
  }

  ManagedState withRule(VoterRule next) {
    return new ManagedState(
        system,
        term,
        sealed,
        primary,
        timeline,
        next,
        paused,
        promoted,
        leaving,
        change + 1,
        ruled);
  }

  ManagedState withPromoted(String member) {
    return new ManagedState(
        system, term, sealed, primary, timeline, rule, paused, member, leaving, change, ruled);
  }

  ManagedState withPrimary(String next, int began) {
    return new ManagedState(system, term, term, next, began, rule, paused, "", "", change, ruled);
  }

  /** It begins once more as it was founded, with what that member has: nobody else is asked. */
  ManagedState begunWith(String member, VoterRule founders) {
    return new ManagedState(
        system, term + 1, 0, member, timeline, founders, paused, "", "", change + 1, Ruled.NONE);
  }

  ManagedState withPaused(boolean stop) {
    return new ManagedState(
        system, term, sealed, primary, timeline, rule, stop, promoted, leaving, change, ruled);
  }

  ManagedState withLeaving(String member) {
    return new ManagedState(
        system, term, sealed, primary, timeline, rule, paused, promoted, member, change, ruled);
  }

  ManagedState withRuled(Ruled next) {
    return new ManagedState(
        system, term, sealed, primary, timeline, rule, paused, promoted, leaving, change, next);
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
    promoted=%s
    leaving=%s
    change=%d
    ruled=%s
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
            paused,
            promoted,
            leaving,
            change,
            ruled.text());
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
          Boolean.parseBoolean(said.getProperty("paused", "")),
          said.getProperty("promoted", ""), // not in states of old
          said.getProperty("leaving", ""),
          Long.parseLong(said.getProperty("change", "0")),
          Ruled.parse(said.getProperty("ruled", Ruled.NONE.text())));
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
