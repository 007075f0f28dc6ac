package io.fairlead.route;

import io.fairlead.config.RouteConfig;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a listener, compiled: the first one that matches a request. Those with a higher
 * priority come first; among equals the order of the file counts, and nothing else: how exactly a
 * rule describes a request is not weighed.
 *
 * <p>The host leads to at most one tree of paths per way of writing it: exact, each {@code
 * *.suffix}, any. A tree has one node per path segment; each holds the routes that end there. What
 * a request visits depends on the labels of its host and the segments of its path, not on the
 * number of routes. Two things are walked one by one: routes with the same host and path that
 * differ in their further conditions, and, where a literal segment and {@code *} both go on, both
 * branches, so at most the nodes of the tree. A branch whose first route comes after the best one
 * found is not entered.
 *
 * <p>Paths are compared segment by segment, byte by byte, as normalised by the parser. {@code *}
 * stands for one segment that is not empty; {@code /a/**} matches {@code /a}, {@code /a/} and
 * whatever is below; {@code /a} does not match {@code /a/}. {@code *.x.y} stands for one or more
 * labels before {@code .x.y}. A request for {@code *} ({@code OPTIONS *}) matches routes without a
 * path only. Methods are compared exactly, values of fields, parameters and cookies by {@code
 * Glob}; of what is repeated the first counts.
 *
 * @param <T> what a route leads to
 */
public final class RouteTable<T> {
  /** What a compiled route is made from. */
  public record Entry<T>(RouteConfig route, T target) {}

  private final List<Entry<T>> entries;
  private final Condition[] conditions;
  private final HostIndex hosts;

  private RouteTable(List<Entry<T>> entries, Condition[] conditions, HostIndex hosts) {
    this.entries = entries;
    this.conditions = conditions;
    this.hosts = hosts;
  }

  /** In whatever order they are given in a file. */
  public static <T> RouteTable<T> of(List<Entry<T>> inFile) {
    List<Entry<T>> entries = new ArrayList<>(inFile.size());
    for (int i : RouteConfig.order(inFile.stream().map(Entry::route).toList())) {
      entries.add(inFile.get(i));
    }
    Condition[] conditions = new Condition[entries.size()];
    HostIndex.Builder hosts = new HostIndex.Builder();
    for (int i = 0; i < conditions.length; i++) {
      conditions[i] = Condition.of(entries.get(i).route().match());
      hosts.add(i, entries.get(i).route().match());
    }
    return new RouteTable<>(List.copyOf(entries), conditions, hosts.build());
  }

  /** As they are tried. */
  public List<Entry<T>> entries() {
    return entries;
  }

  /** The first entry that matches, or null. Allocates nothing. */
  public @Nullable Entry<T> match(RequestView request) {
    int found = hosts.first(request, conditions);
    return found == HostIndex.NONE ? null : entries.get(found);
  }

  /** The same, slowly, with the reasons why the others do not get the request. */
  public Explanation<T> explain(RequestView request) {
    List<Explanation.Refusal> refusals = new ArrayList<>();
    List<Explanation.Refusal> beaten = new ArrayList<>();
    int refused = 0;
    Entry<T> matched = null;
    for (Entry<T> entry : entries) {
      String reason = Refusals.reason(entry.route().match(), request);
      if (matched != null) {
        if (reason == null && beaten.size() < Explanation.MAX_REFUSALS) {
          beaten.add(new Explanation.Refusal(entry.route().name(), behind(entry, matched)));
        }
      } else if (reason == null) {
        matched = entry;
      } else {
        refused++;
        if (refusals.size() < Explanation.MAX_REFUSALS) {
          refusals.add(new Explanation.Refusal(entry.route().name(), reason));
        }
      }
    }
    return new Explanation<>(matched, refusals, refused, beaten);
  }

  private static String behind(Entry<?> entry, Entry<?> matched) {
    int priority = entry.route().priority();
    int higher = matched.route().priority();
    return priority < higher
        ? "its priority is " + priority + ", that of " + matched.route().name() + " is " + higher
        : "it stands below " + matched.route().name();
  }
}
