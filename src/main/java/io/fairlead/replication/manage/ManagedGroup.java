package io.fairlead.replication.manage;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.replication.manage.ManagedDatabase.Peers;
import io.fairlead.runtime.SharedValues;
import io.fairlead.runtime.SharedValues.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the instances of a group have in common of one database: the secret that passwords follow
 * from, what each of them has on its disk before anything is remembered, and what each tells of
 * itself. All of it waits for the group, but what says otherwise.
 */
final class ManagedGroup {
  private static final String WITNESS = "witness";

  private final DatabaseConfig config;
  private final Peers peers;
  private final SharedValues values;
  private final String key;
  private final List<String> own;

  /**
   * @throws IOException while the group is not there
   */
  ManagedGroup(DatabaseConfig config, Peers peers) throws IOException {
    this.config = config;
    this.peers = peers;
    this.key = "databases/" + config.name();
    this.own = config.membersOf(peers.instance());
    SharedValues present = peers.values().get();
    if (present == null) {
      throw new IOException("the group is not there yet");
    }
    this.values = present;
  }

  SharedValues values() {
    return values;
  }

  String key(String what) {
    return key + "/" + what;
  }

  private String founder() {
    return config.members().keySet().iterator().next();
  }

  /** Hosts that members and instances may come from. */
  Set<String> hosts() {
    Set<String> hosts = new TreeSet<>(peers.hosts().get());
    config.members().values().forEach(address -> hosts.add(address.host()));
    return hosts;
  }

  /**
   * The secret, which whoever is to found the database has made, or had before there was a group.
   *
   * @param file where it is kept here, too
   */
  Logins logins(Path file, SecureRandom random) throws IOException {
    Value secret = values.get(key("secret"));
    if (secret == null) {
      if (!own.contains(founder())) {
        throw new IOException(
            "waits for " + config.instances().get(founder()) + ", which runs " + founder());
      }
      @Nullable Value _ = values.create(key("secret"), Logins.of(file, random).text());
      secret = values.get(key("secret"));
    }
    if (secret == null) {
      throw new IOException("the group does not keep the secret");
    }
    Logins logins = Logins.parse(secret.text());
    if (!Files.exists(file)) {
      logins.keep(file);
    } else if (!Logins.of(file, random).text().equals(logins.text())) {
      Files.move(file, file.resolveSibling("secret.before"), StandardCopyOption.REPLACE_EXISTING);
      logins.keep(file);
    }
    return logins;
  }

  /** What was remembered here before there was a group is the group's from now on. */
  void hand(Path file) throws IOException {
    ManagedState alone = own.contains(founder()) ? new StateFile(file).read() : null;
    if (alone == null) {
      return;
    }
    if (values.create(key("state"), alone.text()) == null) {
      Value there = values.get(key("state"));
      if (there == null || ManagedState.parse(there.text()).term() < alone.term()) {
        throw new IOException(
            "the group remembers less of the database than "
                + file
                + ": whichever is of another database has to be taken away");
      }
    }
    Files.move(
        file, file.resolveSibling("state.before-group"), StandardCopyOption.REPLACE_EXISTING);
  }

  /** Says what there is of own members, as long as nothing is remembered. */
  void declare(Map<String, Held> all) throws IOException {
    for (Map.Entry<String, Held> one : all.entrySet()) {
      String text = one.getValue().text();
      String held = key("held/" + one.getKey());
      Value there = values.get(held);
      if (there == null) {
        @Nullable Value _ = values.create(held, text);
      } else if (!there.text().equals(text)) {
        @Nullable Value _ = values.replace(held, text, there.version());
      }
    }
  }

  /**
   * What is begun with where nothing is remembered; null: not everybody has said what there is.
   * Does not wait.
   */
  @Nullable ManagedState first(int acknowledgements) {
    Map<String, Held> all = new LinkedHashMap<>();
    for (String member : config.voters()) {
      try {
        Value held = values.peek(key("held/" + member));
        if (held == null) {
          return null;
        }
        String[] words = held.text().split(" ", -1);
        if (words.length == 2) {
          all.put(member, new Held(words[0], Long.parseLong(words[1])));
        }
      } catch (IOException _) {
        return null;
      }
    }
    return first(founder(), config.members().keySet(), config.voters(), all, acknowledgements);
  }

  /**
   * What a member has.
   *
   * @param system identifier of its data
   * @param promise the highest term that it has promised
   */
  record Held(String system, long promise) {
    static final Held NOTHING = new Held("", 0);

    private String text() {
      return equals(NOTHING) ? "nothing" : system + " " + promise;
    }
  }

  /**
   * What is begun with where nothing is remembered. Where there is data all the same, the memory
   * was lost, and with it whose word counts: so everybody's does, but a witness that has nothing.
   *
   * @param voters the members, and the witness
   * @param held by those that have something
   */
  static ManagedState first(
      String founder,
      Set<String> members,
      Set<String> voters,
      Map<String, Held> held,
      int acknowledgements) {
    if (held.isEmpty()) {
      return ManagedState.founding(
          founder, Coordinator.founders(founder, voters, acknowledgements));
    }
    TreeSet<String> all = new TreeSet<>(voters);
    all.removeIf(voter -> !members.contains(voter) && !held.containsKey(voter));
    long promised = held.values().stream().mapToLong(Held::promise).max().orElse(0);
    return new ManagedState(
        held.values().iterator().next().system(),
        promised + 1,
        1,
        founder,
        0,
        new VoterRule(all, 1, all, all.size()),
        false);
  }

  /** Tells the others what is known here. */
  void tell(ManagedView view) throws IOException {
    tell(key("views/" + peers.instance()), ViewText.write(view));
  }

  private void tell(String own, String text) throws IOException {
    Value there = values.peek(own);
    if (there == null) {
      @Nullable Value _ = values.lend(own, text);
    } else if (!there.text().equals(text)) {
      @Nullable Value _ = values.replace(own, text, there.version());
    }
  }

  /** Tells the others what the own witness says. */
  void tellOfWitness(LogWitness.Report report) throws IOException {
    tell(key(WITNESS), report.text());
  }

  /** What the witness of another instance says; null: nothing. Does not wait. */
  LogWitness.@Nullable Report witness() {
    try {
      Value value = values.peek(key(WITNESS));
      return value == null ? null : LogWitness.Report.parse(value.text());
    } catch (IOException _) {
      return null;
    }
  }

  /** From now on that is told when it may say something else. */
  SharedValues.Watch listenToWitness(Runnable changed) throws IOException {
    return values.watch(key(WITNESS), changed);
  }

  /** What is known here with what others tell. Does not wait. */
  ManagedView join(ManagedView own) {
    List<String> texts = new ArrayList<>();
    try {
      for (String instance : values.names(key("views"))) {
        Value value =
            instance.equals(peers.instance()) ? null : values.peek(key("views/" + instance));
        if (value != null) {
          texts.add(value.text());
        }
      }
    } catch (IOException _) {
      // what they told is not known now
    }
    return ViewText.join(own, texts);
  }
}
