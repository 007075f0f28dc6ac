package io.fairlead;

import io.fairlead.config.ConfigReader;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.GroupConfig;
import io.fairlead.group.Applier;
import io.fairlead.group.FrontEnds;
import io.fairlead.group.Group;
import io.fairlead.group.GroupException;
import io.fairlead.group.Versions;
import io.fairlead.runtime.ControlThread;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * This instance as one of a group: it is so while {@code group} is configured, and at no other
 * time. {@link #start}, {@link #follow} and {@link #close} are called by one thread at a time,
 * which may wait.
 */
final class GroupKeeper {
  private final Fairlead fairlead;
  private final ControlThread control;
  private final Consumer<Event> events;
  private final SecureRandom random;
  private final Path data;
  private final Roles roles;
  private final Consumer<FrontEnds.View> frontEnds;
  private final QuicKeeper quic;
  private boolean started;
  private volatile @Nullable Group group;

  /** What the file said last of what all instances share. */
  private volatile @Nullable FairleadConfig file;

  GroupKeeper(
      Fairlead fairlead,
      Path data,
      ControlThread control,
      Consumer<Event> events,
      SecureRandom random,
      Roles roles,
      Consumer<FrontEnds.View> frontEnds,
      QuicKeeper quic) {
    this.fairlead = fairlead;
    this.quic = quic;
    this.roles = roles;
    this.frontEnds = frontEnds;
    this.data = data;
    this.control = control;
    this.events = events;
    this.random = random;
  }

  /** Tells all other instances a line; without a group there is nobody. */
  void tell(String line) {
    Group present = group;
    if (present != null) {
      present.tell(line);
    }
  }

  /** A configuration with its text. */
  record Chosen(FairleadConfig config, String text, String source) {}

  /**
   * What an instance begins with: the configuration that its group had last, if it was one of a
   * group, else its file.
   */
  Chosen first(FairleadConfig config, String text, String source) {
    file = config;
    if (config.group().isEmpty() || config.group().get().role() == GroupConfig.Role.WITNESS) {
      return new Chosen(config, text, source);
    }
    try {
      String agreed = Versions.remembered(data);
      if (agreed != null) {
        return switch (combined(config, agreed)) {
          case ConfigReader.Result.Accepted(FairleadConfig whole, String _) ->
              new Chosen(whole, agreed, "the group, as last known");
          case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) -> {
            events.accept(
                new Event.GroupTrouble(
                    config.group().get().name(),
                    "what was last known of its configuration cannot be used here: "
                        + problems.getFirst()));
            yield new Chosen(config, text, source);
          }
        };
      }
    } catch (IOException e) {
      events.accept(
          new Event.GroupTrouble(
              config.group().get().name(),
              "what was last known of its configuration cannot be read: " + e.getMessage()));
    }
    return new Chosen(config, text, source);
  }

  /** From now on, and after each change, this instance is one of the group that is configured. */
  void start(Optional<GroupConfig> config) {
    started = true;
    follow(config);
  }

  void follow(Optional<GroupConfig> config) {
    Group running = group;
    if (!started) {
      return;
    }
    if (config.isEmpty()) {
      group = null;
      fairlead.acme().leave();
      roles.follow(null);
      quic.leave();
      fairlead.sharedVerdicts().follow(null);
      fairlead.sharedAnswers().follow(null);
      fairlead.sharedTickets().follow(false);
      if (running != null) {
        // It may be waiting for the change that this is part of.
        Thread.ofVirtual().name("group ends").start(running::close);
      }
    } else if (running == null) {
      Group begun =
          Group.start(
              data,
              config.get(),
              fairlead.state().config().runtime().zone(),
              Version.current(),
              control,
              events,
              random,
              new FromGroup(config.get().name()));
      begun.onTold(line -> {
        fairlead.sharedRates().hear(line);
        fairlead.sharedVerdicts().hear(line);
        fairlead.sharedAnswers().hear(line);
        fairlead.sharedTickets().hear(line);
      });
      begun.upgrade().by(fairlead.upgrades());
      if (config.get().role() == GroupConfig.Role.MEMBER) {
        quic.join(config.get());
        begun.quic().show(quic::shown, quic::heard);
      }
      group = begun;
      fairlead.acme().join(begun, config.get());
      roles.follow(begun.leadership());
      if (config.get().role() == GroupConfig.Role.MEMBER) {
        fairlead.sharedVerdicts().follow(config.get().instance());
        fairlead.sharedAnswers().follow(config.get().instance());
        fairlead.sharedTickets().follow(config.get().isPrivate());
      }
      begun.frontEnds().follow(frontEnds);
    } else {
      running.follow(config.get());
      quic.follow(config.get());
    }
  }

  @Nullable Group group() {
    return group;
  }

  /** Whether configurations are the group's, so that one instance does not change its own alone. */
  boolean decides() {
    return group != null
        && fairlead
            .state()
            .config()
            .group()
            .map(own -> own.role() == GroupConfig.Role.MEMBER)
            .orElse(false);
  }

  /** The file was read while this instance was alone. */
  void fileSays(FairleadConfig read) {
    file = read;
  }

  /**
   * The file was read again: what is this instance's own changes here, the rest in all instances,
   * if it is not what the file said before.
   */
  Fairlead.Applied reload(FairleadConfig read, String text, String source, String who) {
    FairleadConfig before = file;
    file = read;
    if (read.group().isEmpty()) {
      return fairlead.applyHere(read, text, source); // it leaves, and is alone from now on
    }
    Fairlead.State present = fairlead.state();
    FairleadConfig own = read.with(present.config());
    boolean shared = before == null || !before.with(read).equals(before);
    // Jars of filters may have changed though no word has.
    if (!own.equals(present.config()) || !own.filters().isEmpty()) {
      Fairlead.Applied applied = fairlead.applyHere(own, present.text(), source);
      if (applied instanceof Fairlead.Applied.Refused || !shared) {
        return applied;
      }
    }
    return shared ? propose(text, who) : new Fairlead.Applied.Done(present.version(), List.of());
  }

  /** Has all instances take it, or says which cannot. */
  Fairlead.Applied propose(String text, String who) {
    Group running = group;
    if (running == null) {
      return refused("group", "this instance is in no group");
    }
    try {
      return switch (running.versions().propose(text, who)) {
        case Versions.Result.Agreed(long number, var troubles) ->
            new Fairlead.Applied.Done(
                number,
                troubles.isEmpty()
                    ? List.of("all instances of the group have it")
                    : Versions.words(troubles).stream().map(line -> "not yet at " + line).toList());
        case Versions.Result.Refused(var objections) ->
            fairlead.refused(
                "group",
                Versions.words(objections).stream()
                    .map(line -> new ConfigReader.Problem("group", 0, 0, "", line, null))
                    .toList());
      };
    } catch (GroupException e) {
      return refused("group", String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return refused("group", "interrupted");
    }
  }

  private Fairlead.Applied refused(String source, String why) {
    return fairlead.refused(source, List.of(new ConfigReader.Problem(source, 0, 0, "", why, null)));
  }

  /** What all share, with what is this instance's own. */
  private ConfigReader.Result combined(FairleadConfig own, String text) {
    ConfigReader.Result read = ConfigReader.read("group", text, fairlead.folder(), System::getenv);
    if (read instanceof ConfigReader.Result.Accepted(FairleadConfig agreed, String _)) {
      try {
        return new ConfigReader.Result.Accepted(own.with(agreed), text);
      } catch (IllegalArgumentException e) {
        return new ConfigReader.Result.Refused(
            List.of(
                new ConfigReader.Problem("group", 0, 0, "", String.valueOf(e.getMessage()), null)));
      }
    }
    return read;
  }

  /** Takes what the group agreed on. */
  private final class FromGroup implements Applier {
    private final String name;

    FromGroup(String name) {
      this.name = name;
    }

    @Override
    public String own() {
      return fairlead.state().text();
    }

    @Override
    public List<String> check(String text) {
      return problems(combined(fairlead.state().config(), text));
    }

    @Override
    public List<String> apply(long version, String text, String who) {
      ConfigReader.Result read = combined(fairlead.state().config(), text);
      if (!(read instanceof ConfigReader.Result.Accepted(FairleadConfig whole, String _))) {
        return problems(read);
      }
      Fairlead.State present = fairlead.state();
      if (present.text().equals(text) && present.config().equals(whole)) {
        return List.of(); // what was last known is still so
      }
      return switch (fairlead.applyHere(
          whole, text, "group " + name + ", version " + version + ", " + who)) {
        case Fairlead.Applied.Done _ -> List.of();
        case Fairlead.Applied.Refused(List<ConfigReader.Problem> problems) ->
            problems.stream().map(ConfigReader.Problem::toString).toList();
      };
    }

    private static List<String> problems(ConfigReader.Result read) {
      return switch (read) {
        case ConfigReader.Result.Accepted _ -> List.of();
        case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) ->
            problems.stream().map(ConfigReader.Problem::toString).toList();
      };
    }
  }

  void close() {
    started = false;
    Group running = group;
    group = null;
    quic.leave();
    if (running != null) {
      running.close();
    }
  }
}
