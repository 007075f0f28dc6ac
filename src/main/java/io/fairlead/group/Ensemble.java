package io.fairlead.group;

import io.fairlead.config.EnsembleConfig;
import io.fairlead.group.GroupException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.StaticHostProvider;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.common.ZKConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.jspecify.annotations.Nullable;

/**
 * An ensemble of ZooKeeper servers that somebody else runs.
 *
 * <p>It has one path for the group alone: whoever comes first writes the group's name there, and an
 * instance of another group, or one that finds there what Fairlead has not written, keeps away from
 * it. What is made there is for the user of {@code credentials} alone, if there is one.
 *
 * <p>The session goes on over a lost connection, as long as the ensemble thinks so: an instance is
 * not gone because one of the servers is. Before a connection is used one transaction is decided,
 * which changes nothing: the server that was reached may be behind the one before, and now it is
 * not.
 */
final class Ensemble implements StateServers {
  /** Below the path: whose state that is. */
  static final String MARK = "/group";

  /**
   * What is made once by those who use it, and here each time: an ensemble may have been emptied
   * while they were running.
   */
  private static final List<String> PLACES =
      List.of(
          "/present",
          "/joins",
          "/roles",
          "/kv",
          "/kv-leases",
          "/config",
          "/config/versions",
          "/config/votes",
          "/config/applied",
          "/fronts",
          "/drains");

  private static final int PAUSE_MILLIS = 50;
  private static final List<ACL> ANYBODY =
      Collections.singletonList( // which may be asked for null, as the client does
          new ACL(ZooDefs.Perms.ALL, new Id("world", "anyone")));
  private static final List<ACL> OWN_USER =
      Collections.singletonList(new ACL(ZooDefs.Perms.ALL, new Id("auth", "")));

  private final EnsembleConfig config;
  private final String group;
  private final Path folder;

  /**
   * @param group its name
   * @param folder for what the client needs as a file; nobody else reads it
   */
  Ensemble(EnsembleConfig config, String group, Path folder) {
    this.config = config;
    this.group = group;
    this.folder = folder;
    ClientLog.keep();
  }

  @SuppressWarnings("try") // its close may be interrupted, which is not ours to change
  private static final class Connection extends ZooKeeper implements Client {
    Connection(String servers, Watcher watcher, ZKClientConfig config) throws IOException {
      super(servers, SESSION_MILLIS, watcher, /* canBeReadOnly= */ false, config);
    }

    Connection(String servers, Watcher watcher, ZKClientConfig config, ZooKeeper before)
        throws IOException {
      super(
          servers,
          SESSION_MILLIS,
          watcher,
          before.getSessionId(),
          before.getSessionPasswd(),
          /* canBeReadOnly= */ false,
          new StaticHostProvider(new ConnectStringParser(servers).getServerAddresses()),
          config);
    }

    @Override
    public ZooKeeper zooKeeper() {
      return this;
    }

    @Override
    public void abandon() {
      Thread.ofVirtual().name("group session end").start(cnxn::disconnect);
    }
  }

  @Override
  public boolean areThere() {
    return true;
  }

  @Override
  public Client connect(Watcher watcher, @Nullable ZooKeeper before) throws IOException {
    ZKClientConfig settings = new ZKClientConfig();
    settings.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
    settings.setProperty(
        ZKClientConfig.ZOOKEEPER_REQUEST_TIMEOUT, Integer.toString(REQUEST_MILLIS));
    settings.setProperty(ZKConfig.JUTE_MAXBUFFER, Integer.toString(MAX_MESSAGE));
    if (config.tls().isPresent()) {
      EnsembleTls.secure(settings, config.tls().get(), folder);
    }
    String servers = config.connect().hosts();
    Connection made =
        before == null
            ? new Connection(servers, watcher, settings)
            : new Connection(servers, watcher, settings, before);
    config
        .credentials()
        .ifPresent(
            secret -> made.addAuthInfo("digest", secret.value().getBytes(StandardCharsets.UTF_8)));
    return made;
  }

  @Override
  public void prepare(ZooKeeper client)
      throws KeeperException, InterruptedException, GroupException {
    String path = root();
    for (int end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
      make(client, end < 0 ? path : path.substring(0, end), new byte[0]);
      if (end < 0) {
        break;
      }
    }
    while (!isMarked(client)) {
      List<String> there = client.getChildren(path, false);
      if (there.isEmpty()) {
        make(client, path + MARK, group.getBytes(StandardCharsets.UTF_8));
      } else if (!there.contains(MARK.substring(1))) {
        throw new GroupException(
            Kind.REFUSED,
            "there is something else below "
                + config.connect()
                + "; give the group a path of its own in group.ensemble.connect");
      }
    }
    for (String each : PLACES) {
      make(client, path + each, new byte[0]);
    }
    Object _ = client.multi(List.of(Op.check(path, -1)));
  }

  private void make(ZooKeeper client, String path, byte[] value)
      throws KeeperException, InterruptedException {
    if (client.exists(path, false) == null) {
      try {
        Object _ = client.create(path, value, access(), CreateMode.PERSISTENT);
      } catch (KeeperException.NodeExistsException _) {
        // Another instance did.
      }
    }
  }

  private boolean isMarked(ZooKeeper client)
      throws KeeperException, InterruptedException, GroupException {
    byte[] found;
    try {
      found = client.getData(root() + MARK, false, null);
    } catch (KeeperException.NoNodeException _) {
      return false;
    }
    String name = found == null ? "" : new String(found, StandardCharsets.UTF_8);
    if (!name.equals(group)) {
      boolean readable = name.matches("[a-z0-9._-]{1,63}");
      throw new GroupException(
          Kind.REFUSED,
          config.connect()
              + (readable
                  ? " is where group " + name + " has its state"
                  : " has something in it that is no group's")
              + "; give each group a path of its own in group.ensemble.connect");
    }
    return true;
  }

  @Override
  public String root() {
    return config.connect().path();
  }

  @Override
  public List<ACL> access() {
    return config.credentials().isPresent() ? OWN_USER : ANYBODY;
  }

  @Override
  public int pauseMillis() {
    return PAUSE_MILLIS;
  }

  @Override
  public String name() {
    return "the ensemble";
  }

  @Override
  public String unreached() {
    return "the ensemble is not reached";
  }

  @Override
  public String obstacle(KeeperException refusal) {
    return switch (refusal.code()) {
      case NOAUTH ->
          config.credentials().isPresent()
              ? "the user of group.ensemble.credentials may not use " + config.connect()
              : config.connect() + " is not for everybody: it takes group.ensemble.credentials";
      case AUTHFAILED, INVALIDACL ->
          "the ensemble at " + config.connect().hosts() + " does not take users with passwords";
      case UNIMPLEMENTED ->
          "the ensemble at "
              + config.connect().hosts()
              + " is older than ZooKeeper 3.6, which is needed";
      case CONNECTIONLOSS, SESSIONEXPIRED, OPERATIONTIMEOUT, REQUESTTIMEOUT ->
          "the ensemble at "
              + config.connect().hosts()
              + " was reached, but did not answer; it may be without a majority";
      default ->
          "the ensemble at " + config.connect().hosts() + " refused to begin: " + refusal.code();
    };
  }

  /** What may be the matter when nobody answers. */
  String silence() {
    return unreached()
        + ": no server at "
        + servers()
        + (config.tls().isEmpty()
            ? " answers"
            : " answers, shows a certificate of group.ensemble.tls.ca for that host, and takes ours");
  }

  /** Its servers in words. */
  String servers() {
    return config.connect().hosts();
  }
}
