package io.fairlead.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Starts what a verb names, in this process. Each answer is the exit code. */
public interface Launcher {
  /** Whether a new instance takes the place of a running one. */
  enum Takeover {
    /** It is the only one. */
    NO,
    /** It does, and does not start if there is none. */
    REQUIRED,
    /** It does if there is one. */
    IF_RUNNING
  }

  /** Runs an instance until it is told to stop, or another takes its place. */
  int run(Path config, Takeover takeover);

  /**
   * The main job on this machine, nothing else needed.
   *
   * @param scales traffic swings, and nodes are started and stopped with it
   */
  int demo(boolean scales);

  /** A database of three members whose primary one may kill, and a client that writes. */
  int databaseDemo();

  /** Runs a test node until it is told to stop. */
  int node(NodeOptions options);

  /** Runs an agent until it is told to stop. */
  int agent(Path config);

  /** All problems of an agent's file; empty: none. */
  List<String> checkAgent(Path config);

  /** All problems of a configuration file, each as {@code check} prints it; empty: none. */
  List<String> check(Path config);

  /**
   * How a test node behaves.
   *
   * @param port where it serves; 0: any free one
   * @param bind address it listens on
   * @param name what it calls itself; null: its address
   * @param latency a length of time or a distribution, such as {@code exp:20ms}
   * @param errorRate share of answers that are 500, 0 to 1
   * @param healthy whether its health path answers 200
   */
  record NodeOptions(
      int port,
      String bind,
      @Nullable String name,
      String latency,
      double errorRate,
      boolean healthy) {}
}
