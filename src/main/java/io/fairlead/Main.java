package io.fairlead;

import io.fairlead.cli.Cli;

/** Where the process starts. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    if (System.getProperty("java.util.logging.SimpleFormatter.format") == null) {
      System.setProperty(
          "java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tLZ %4$s %5$s%6$s%n");
    }
    System.exit(
        switch (args.length == 1 ? args[0] : "") {
          case "build-training" -> Training.run();
          case "build-node-training" -> Training.runNode();
          default -> Cli.main(args, new Launch());
        });
  }
}
