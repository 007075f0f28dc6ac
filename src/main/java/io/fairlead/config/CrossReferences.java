package io.fairlead.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** What places of a file say about each other, whether or not the rest of it is right. */
final class CrossReferences {
  private record Listen(HostPort address, Spot spot) {}

  private record Reference(String service, Spot spot, boolean isKey) {}

  private final List<Listen> listens = new ArrayList<>();
  private final List<Reference> references = new ArrayList<>();

  @SuppressWarnings("ReferenceEquality") // one constant each, and there is one note per value
  void note(Scalar<?> scalar, Object value, Spot spot) {
    if (scalar == Language.LISTEN_ADDRESS) {
      listens.add(new Listen((HostPort) value, spot));
    } else if (scalar == RouteLanguage.SERVICE_NAME) {
      references.add(new Reference((String) value, spot, false));
    }
  }

  void noteName(MapOf.Names names, String name, Spot spot) {
    if (names == MapOf.Names.SERVICE) {
      references.add(new Reference(name, spot, true));
    }
  }

  void check(Spot root, BiConsumer<Spot, String> refuse, BiConsumer<Spot, String> refuseKey) {
    Spot services = root.child("services");
    Set<String> names = services == null ? Set.of() : services.childNames();
    int suggestions = 0;
    for (Reference reference : references) {
      if (!names.contains(reference.service())) {
        String hint =
            suggestions++ < FairleadConfig.MAX_SUGGESTIONS
                ? Suggest.among(reference.service(), names)
                : "";
        (reference.isKey() ? refuseKey : refuse)
            .accept(reference.spot(), "must be the name of a service" + hint);
      }
    }
    checkListens(root, refuse);
  }

  // The operator's door comes first, wherever it stands in the file and also when it does not.
  private void checkListens(Spot root, BiConsumer<Spot, String> refuse) {
    Spot admin = root.child("admin");
    Binds<String> binds = new Binds<>();
    if (admin == null || (!admin.isWrong() && admin.child("bind") == null)) {
      binds.add(AdminConfig.DEFAULT.bind(), "admin.bind");
    }
    for (Listen listen : listens) {
      if (Objects.equals(listen.spot().up(1), admin)) {
        binds.add(listen.address(), listen.spot().pathAndLine());
      }
    }
    Binds<String> datagrams = new Binds<>();
    for (Listen listen : listens) {
      if (!Objects.equals(listen.spot().up(1), admin)) {
        String other =
            (isUdp(listen.spot()) ? datagrams : binds)
                .add(listen.address(), listen.spot().pathAndLine());
        if (other != null) {
          refuse.accept(listen.spot(), "must be free, but " + other + " takes it");
        }
      }
    }
  }

  /** Ports for datagrams are others than those for connections. */
  private static boolean isUdp(Spot address) {
    for (int steps = 1; steps <= 2; steps++) { // in a list or alone
      Spot protocol = address.up(steps).child("protocol");
      if (protocol != null) {
        return protocol.value() instanceof ScalarNode scalar && scalar.getValue().equals("udp");
      }
    }
    return false;
  }
}
