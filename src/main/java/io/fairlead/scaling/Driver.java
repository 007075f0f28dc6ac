package io.fairlead.scaling;

import io.fairlead.config.ScaleDriver;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Starts and stops the nodes of one service. Each call may wait, and comes on a thread that may;
 * calls for one name come one after another.
 *
 * <p>Whatever was begun is found again: {@link #find} knows of every node that {@link #start} was
 * ever called for and that still exists, also where the process that called was killed in the
 * middle of it, and of nothing else.
 */
interface Driver {
  /** Nodes are started that way from now on. */
  void use(ScaleDriver config);

  /** What there is now. Also clears away what is left of nodes that have ended by half. */
  List<Started> find() throws IOException;

  /** Starts one as the configuration says. */
  default Started start(String name) throws IOException {
    return start(name, Release.PLAIN);
  }

  /**
   * Starts one of that version. It need not serve yet when this returns.
   *
   * @throws IOException if it cannot be started, in words for people; nothing of it is left then
   */
  Started start(String name, Release release) throws IOException;

  /**
   * Has it end, and waits until it has. One that has ended already is no mistake.
   *
   * @param grace time from being asked to being forced
   */
  void stop(Started node, Duration grace) throws IOException;

  /**
   * Those that have ended by themselves, with what is known of why. Also clears away what nobody
   * knows of: a start that was asked for by a process that was killed may take effect later than
   * {@link #find} has looked.
   *
   * @param known the ones that should be there
   */
  Map<Started, String> ended(Collection<Started> known) throws IOException;

  /** Whether nodes that were started as {@code before} says have to make room for others. */
  default boolean renews(ScaleDriver before, ScaleDriver after) {
    return !before.equals(after);
  }

  // --- of drivers whose nodes several instances share ---------------------------------------

  /** Whether instances of a group all have the same nodes. */
  default boolean isShared() {
    return false;
  }

  /** Orders are of that term from now on: those of a lower one are refused. Does not wait. */
  default void lead(long term) {}

  /** Whether nodes are still to be where that one is. Does not wait. */
  default boolean isWanted(Started node) {
    return true;
  }

  /**
   * Nodes that the last {@link #ended} has come across, of which nobody had known. Does not wait.
   */
  default List<Started> strays() {
    return List.of();
  }

  /** The version that node was started as; null: not known. Does not wait. */
  default @Nullable String version(String name) {
    return null;
  }

  /** Tells the other instances that it is to get no new requests, or that it is again. */
  default void drain(Started node, boolean on) throws IOException {}

  /** Names of those that one of the instances wants drained. Does not wait. */
  default Set<String> draining() {
    return Set.of();
  }

  /** How the agents are that have the nodes; empty: there are none. Does not wait. */
  default List<ScaleView.AgentView> agents() {
    return List.of();
  }
}
