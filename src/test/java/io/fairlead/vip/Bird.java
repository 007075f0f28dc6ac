package io.fairlead.vip;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A real router, BIRD 2, on a machine of a test. Its neighbours and what it exports are given. */
public final class Bird implements AutoCloseable {
  private static final String PROGRAM = "/usr/sbin/bird";

  private final Namespaces machines;
  private final String machine;
  private final Path control;
  private final Path log;
  private final Process process;

  private Bird(Namespaces machines, String machine, Path control, Path log, Process process) {
    this.machines = machines;
    this.machine = machine;
    this.control = control;
    this.log = log;
    this.process = process;
  }

  /** Skips the test where BIRD is not installed, and says why. */
  public static void assumeInstalled() {
    Assumptions.assumeTrue(Files.isExecutable(Path.of(PROGRAM)), "needs BIRD 2 (bird2)");
  }

  /**
   * Starts it and waits until it can be asked.
   *
   * @param folder for its configuration, its log and its control socket
   * @param protocols the blocks of its neighbours
   */
  public static Bird start(
      Namespaces machines, String machine, String routerId, Path folder, String protocols)
      throws Exception {
    Path config = folder.resolve("bird-" + machine + ".conf");
    Path control = folder.resolve("bird-" + machine + ".ctl");
    Path log = folder.resolve("bird-" + machine + ".log");
    Files.writeString(
        config,
        """
        log stderr all;
        router id %s;
        protocol device {}
        protocol kernel k4 { ipv4 { import none; export all; }; merge paths yes; }
        protocol kernel k6 { ipv6 { import none; export all; }; merge paths yes; }
        %s
        """
            .formatted(routerId, protocols));
    Process process =
        new ProcessBuilder(
                machines.command(
                    machine,
                    List.of(
                        PROGRAM,
                        "-f",
                        "-c",
                        config.toString(),
                        "-s",
                        control.toString(),
                        "-P",
                        folder.resolve("bird-" + machine + ".pid").toString())))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Bird bird = new Bird(machines, machine, control, log, process);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (true) {
      try {
        String _ = bird.ask("show status");
        return bird;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          bird.close();
          throw new IOException("BIRD does not start: " + Files.readString(log), e);
        }
        Thread.sleep(20);
      }
    }
  }

  /** What it answers to a command of its console. */
  public String ask(String command) throws IOException, InterruptedException {
    return machines.run(machine, "/usr/sbin/birdc", "-r", "-s", control.toString(), command);
  }

  /** Has it do something. */
  public String tell(String command) throws IOException, InterruptedException {
    return machines.run(machine, "/usr/sbin/birdc", "-s", control.toString(), command);
  }

  public String log() throws IOException {
    return Files.readString(log);
  }

  public void signal(String name) throws IOException, InterruptedException {
    String _ = machines.run(machine, "kill", "-" + name, Long.toString(process.pid()));
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
