package io.fairlead.cli;

import java.util.concurrent.Callable;

/** What every verb has. */
abstract class Verb implements Callable<Integer> {
  private final Cli.World world;

  Verb(Cli.World world) {
    this.world = world;
  }

  final Cli.World world() {
    return world;
  }

  final Terminal terminal() {
    return new Terminal(world.out(), world.colour());
  }
}
