package io.fairlead.replication.manage;

import io.fairlead.replication.manage.GaleraState.Order;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides who begins a cluster anew of which no part has a quorum any more.
 *
 * <p>Whoever has the most of all that is left, if everybody who may have acknowledged something is
 * among those that are left: then everything is there that ever was acknowledged. Who has nothing,
 * or data of another history, never does, whatever {@code safe_to_bootstrap} says.
 *
 * <p>More than was acknowledged may be on a member that does not take part, since others apply a
 * change before the one that it came from does. After the new beginning its numbers are given to
 * other changes. So such a member is of the past: its data is not gone on with, however well its
 * numbers fit.
 */
final class GaleraBootstrap {
  private GaleraBootstrap() {}

  /** What comes of it. */
  sealed interface Decision {}

  /**
   * It begins so.
   *
   * @param state what has to be on disk before
   */
  record Begin(GaleraState state, Order order) implements Decision {}

  /**
   * It cannot be known who has everything.
   *
   * @param why for people
   */
  record Wait(String why) implements Decision {}

  /**
   * Decides.
   *
   * @param members of the configuration, in the order of preference
   * @param reports what each has whose server does not run; one that is missing is still looked at
   * @param running those whose servers run without a quorum, and what they have
   */
  static Decision decide(
      GaleraState state,
      Collection<String> members,
      Map<String, GaleraReport> reports,
      Map<String, GaleraPosition> running) {
    List<String> silent =
        members.stream()
            .filter(name -> !reports.containsKey(name) && !running.containsKey(name))
            .toList();
    if (!silent.isEmpty()) {
      return new Wait("it is being looked at what " + String.join(" and ", silent) + " have");
    }
    Map<String, GaleraPosition> fit = fit(state, members, reports, running);
    for (String holder : state.holders()) {
      if (!fit.containsKey(holder)) {
        return new Wait(
            holder
                + " may have what was acknowledged and nobody else has: it "
                + lack(state, members.contains(holder), reports.get(holder))
                + "; give it back its data, or lose what is only there by fairlead db bootstrap");
      }
    }
    String best = best(state, members, fit, running);
    if (best == null) {
      return new Wait("no member has data of the cluster " + state.cluster());
    }
    return begin(state, members, fit, best, running.containsKey(best));
  }

  /**
   * An operator says who begins, whatever is lost by that.
   *
   * @return why it cannot, or how it begins
   */
  static Decision force(
      GaleraState state,
      Collection<String> members,
      Map<String, GaleraReport> reports,
      Map<String, GaleraPosition> running,
      String member) {
    GaleraPosition position = running.get(member);
    if (position == null && reports.get(member) instanceof GaleraReport.At(GaleraPosition at)) {
      position = at;
    }
    if (position == null) {
      return new Wait(member + " has no data that a cluster can begin with");
    }
    if (state.isFounded() && !position.cluster().equals(state.cluster())) {
      return new Wait(member + " holds data of another cluster, " + position.cluster());
    }
    Map<String, GaleraPosition> fit =
        state.past().contains(member)
            ? Map.of(member, position) // another history: nobody goes on with his
            : fit(state.with(position.cluster()), members, reports, running);
    return begin(
        state.withWriter(state.writer(), List.of(member)),
        members,
        fit,
        member,
        running.containsKey(member));
  }

  private static Decision begin(
      GaleraState state,
      Collection<String> members,
      Map<String, GaleraPosition> fit,
      String best,
      boolean running) {
    GaleraPosition position = position(fit, best);
    SortedSet<String> left = new TreeSet<>(state.known());
    left.addAll(members);
    left.removeIf(name -> {
      GaleraPosition its = fit.get(name);
      return its != null && its.number() <= position.number();
    });
    Order order = new Order(best, position, running);
    return new Begin(state.withOrder(order, left), order);
  }

  private static GaleraPosition position(Map<String, GaleraPosition> fit, String name) {
    GaleraPosition position = fit.get(name);
    if (position == null) {
      throw new IllegalStateException(name + " has no position");
    }
    return position;
  }

  private static Map<String, GaleraPosition> fit(
      GaleraState state,
      Collection<String> members,
      Map<String, GaleraReport> reports,
      Map<String, GaleraPosition> running) {
    Map<String, GaleraPosition> fit = new LinkedHashMap<>();
    for (String name : members) {
      GaleraPosition position = running.get(name);
      if (position == null && reports.get(name) instanceof GaleraReport.At(GaleraPosition at)) {
        position = at;
      }
      if (position != null
          && position.cluster().equals(state.cluster())
          && !state.past().contains(name)) {
        fit.put(name, position);
      }
    }
    return fit;
  }

  /** Whoever has the most; of several one that runs, the writer, or the first. */
  private static @Nullable String best(
      GaleraState state,
      Collection<String> members,
      Map<String, GaleraPosition> fit,
      Map<String, GaleraPosition> running) {
    List<String> order = new ArrayList<>(members);
    if (order.remove(state.writer())) {
      order.addFirst(state.writer());
    }
    order.sort(Comparator.comparing(name -> !running.containsKey(name))); // and else as they are
    String best = null;
    for (String name : order) {
      GaleraPosition its = fit.get(name);
      if (its != null && (best == null || its.number() > position(fit, best).number())) {
        best = name;
      }
    }
    return best;
  }

  private static String lack(GaleraState state, boolean configured, @Nullable GaleraReport report) {
    if (!configured) {
      return "is not in the configuration any more";
    }
    return switch (report) {
      case GaleraReport.Empty _ -> "has no data any more";
      case GaleraReport.Half _ -> "has half a copy only";
      case GaleraReport.Fresh _ -> "has data that never was in the cluster";
      case GaleraReport.At(GaleraPosition at) ->
          at.cluster().equals(state.cluster())
              ? "was left behind before"
              : "holds data of another cluster, " + at.cluster();
      case GaleraReport.Unreadable(_, String why) -> "has data that cannot be read (" + why + ")";
      case null -> "is of the past";
    };
  }
}
