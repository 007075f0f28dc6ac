package io.fairlead.replication.manage;

import java.io.IOException;
import java.io.StringReader;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What must never be forgotten of a managed Galera cluster: on whose disks everything is that was
 * acknowledged. Why that is so is in decision 54.
 *
 * @param cluster identifier of its history; empty: the database is still to be made
 * @param number counts how often it was begun anew
 * @param writer whom clients write to, or did; of a database that is still to be made, who makes it
 * @param holders whoever may have acknowledged something that others do not have; all that was ever
 *     acknowledged is on the disks of these. Nobody lets anybody write who is not one of them
 * @param past members whose data must not be gone on with: when the cluster was begun anew it was
 *     not known what they had, and they may have a change of the same number that is another
 * @param known members that ever were there
 * @param order what begins the cluster anew, and is not done yet
 * @param paused nothing is done until an operator says so
 */
record GaleraState(
    String cluster,
    long number,
    String writer,
    SortedSet<String> holders,
    SortedSet<String> past,
    SortedSet<String> known,
    Optional<Order> order,
    boolean paused) {
  /**
   * How the cluster is begun anew.
   *
   * @param member by whom
   * @param position with what it has
   * @param running whether its server runs, and only has to be told
   */
  record Order(String member, GaleraPosition position, boolean running) {}

  GaleraState {
    holders = sorted(holders);
    past = sorted(past);
    known = sorted(known);
  }

  private static SortedSet<String> sorted(Collection<String> names) {
    return Collections.unmodifiableSortedSet(new TreeSet<>(names));
  }

  /** Of a database that is still to be made. */
  static GaleraState founding(String founder, Collection<String> members) {
    return new GaleraState(
        "",
        0,
        founder,
        sorted(Set.of()),
        sorted(Set.of()),
        sorted(members),
        Optional.empty(),
        false);
  }

  /** Of one whose state was lost, all members of which have data: any of them may have it all. */
  static GaleraState found(String cluster, Collection<String> members) {
    return founding("", members).with(cluster).withWriter("", members);
  }

  boolean isFounded() {
    return !cluster.isEmpty();
  }

  GaleraState with(String its) {
    return new GaleraState(its, number, writer, holders, past, known, order, paused);
  }

  /** Somebody else takes the writes; whoever may have acknowledged something is remembered. */
  GaleraState withWriter(String next, Collection<String> held) {
    return new GaleraState(cluster, number, next, sorted(held), past, known, order, paused);
  }

  GaleraState withHolders(Collection<String> held) {
    return withWriter(writer, held);
  }

  /** Its data has been given up. */
  GaleraState withoutPast(String member) {
    SortedSet<String> rest = new TreeSet<>(past);
    rest.remove(member);
    return new GaleraState(cluster, number, writer, holders, rest, known, order, paused);
  }

  GaleraState withKnown(Collection<String> members) {
    SortedSet<String> all = new TreeSet<>(known);
    all.addAll(members);
    return new GaleraState(cluster, number, writer, holders, past, all, order, paused);
  }

  /** It is begun anew, and nobody of these goes on with what he has. */
  GaleraState withOrder(Order next, Collection<String> left) {
    SortedSet<String> all = new TreeSet<>(past);
    all.addAll(left);
    all.remove(next.member());
    return new GaleraState(
        next.position().cluster(),
        number + 1,
        writer,
        holders,
        all,
        known,
        Optional.of(next),
        paused);
  }

  /** The same beginning, by other means. */
  GaleraState withOrderOf(Order next) {
    return new GaleraState(
        cluster, number, writer, holders, past, known, Optional.of(next), paused);
  }

  GaleraState withoutOrder() {
    return new GaleraState(cluster, number, writer, holders, past, known, Optional.empty(), paused);
  }

  GaleraState withPaused(boolean stop) {
    return new GaleraState(cluster, number, writer, holders, past, known, order, stop);
  }

  String text() {
    return """
    cluster=%s
    number=%d
    writer=%s
    holders=%s
    past=%s
    known=%s
    order=%s
    paused=%b
    """
        .formatted(
            cluster,
            number,
            writer,
            String.join(" ", holders),
            String.join(" ", past),
            String.join(" ", known),
            order.map(one -> one.member() + " " + one.position() + " " + one.running()).orElse(""),
            paused);
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws IOException if it did not
   */
  static GaleraState parse(String text) throws IOException {
    Properties said = new Properties();
    said.load(new StringReader(text));
    try {
      return new GaleraState(
          required(said, "cluster"),
          Long.parseLong(required(said, "number")),
          required(said, "writer"),
          words(said, "holders"),
          words(said, "past"),
          words(said, "known"),
          order(required(said, "order")),
          Boolean.parseBoolean(required(said, "paused")));
    } catch (IllegalArgumentException e) {
      throw new IOException("is no state of a Galera cluster: " + e.getMessage(), e);
    }
  }

  private static Optional<Order> order(String text) throws IOException {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    String[] words = text.split(" ", -1);
    if (words.length != 3) {
      throw new IOException("is no state of a Galera cluster: order=" + text);
    }
    return Optional.of(
        new Order(words[0], GaleraPosition.parse(words[1]), Boolean.parseBoolean(words[2])));
  }

  private static String required(Properties said, String key) {
    String value = said.getProperty(key);
    if (value == null) {
      throw new IllegalArgumentException("it has no " + key);
    }
    return value;
  }

  private static SortedSet<String> words(Properties said, String key) {
    List<String> words =
        Arrays.stream(required(said, key).split(" ", -1)).filter(word -> !word.isEmpty()).toList();
    return sorted(words);
  }
}
