package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import io.fairlead.service.Node;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.EchoStatus;
import io.grpc.testing.integration.Messages.Payload;
import io.grpc.testing.integration.Messages.ResponseParameters;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.grpc.testing.integration.TestServiceGrpc;
import io.grpc.testing.integration.TestServiceImpl;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The cases of gRPC's interoperability tests, with gRPC's own client and server, through a proxy;
 * and its health checking protocol.
 */
@Timeout(60)
class GrpcTest {
  private static final int LARGE_REQUEST = 271_828;
  private static final int LARGE_RESPONSE = 314_159;

  private final HealthStatusManager health = new HealthStatusManager();
  private ScheduledExecutorService executor;
  private Server server;
  private Fairlead fairlead;
  private ManagedChannel channel;
  private TestServiceGrpc.TestServiceBlockingStub blocking;
  private TestServiceGrpc.TestServiceStub async;

  @BeforeEach
  void start() throws Exception {
    executor = Executors.newScheduledThreadPool(2);
    server =
        OkHttpServerBuilder.forPort(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                InsecureServerCredentials.create())
            .addService(
                ServerInterceptors.intercept(
                    new TestServiceImpl(executor), TestServiceImpl.interceptors()))
            .addService(health.getHealthService())
            .build()
            .start();
    health.setStatus("shop.Orders", ServingStatus.SERVING); // before it is asked for
    fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
            services:
              shop:
                nodes: "127.0.0.1:%d"
                protocol: h2
                health: { grpc: shop.Orders, interval: 500ms, timeout: 500ms, rise: 1, fall: 2 }
            """
                .formatted(server.getPort()));
    Loopback.await("the node is up", () -> node().facts().up());
    channel =
        OkHttpChannelBuilder.forAddress("127.0.0.1", Loopback.port(fairlead, "web"))
            .usePlaintext()
            .build();
    blocking = TestServiceGrpc.newBlockingStub(channel);
    async = TestServiceGrpc.newStub(channel);
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow();
    Loopback.await("no call in flight", () -> node().inFlight() == 0);
    fairlead.close();
    server.shutdownNow();
    executor.shutdownNow();
  }

  private Node node() {
    return Loopback.nodes(fairlead, "shop")[0];
  }

  @Test
  void emptyUnary() {
    assertThat(blocking.emptyCall(Empty.getDefaultInstance()))
        .isEqualTo(Empty.getDefaultInstance());
  }

  @Test
  void largeUnary() {
    SimpleResponse response =
        blocking.unaryCall(
            SimpleRequest.newBuilder()
                .setResponseSize(LARGE_RESPONSE)
                .setPayload(zeros(LARGE_REQUEST))
                .build());
    assertThat(response.getPayload().getBody().size()).isEqualTo(LARGE_RESPONSE);
  }

  @Test
  void clientStreaming() throws Exception {
    Collected<StreamingInputCallResponse> answer = new Collected<>();
    StreamObserver<StreamingInputCallRequest> requests = async.streamingInputCall(answer);
    for (int size : new int[] {27182, 8, 1828, 45904}) {
      requests.onNext(StreamingInputCallRequest.newBuilder().setPayload(zeros(size)).build());
    }
    requests.onCompleted();
    assertThat(answer.next().getAggregatedPayloadSize()).isEqualTo(74922);
    answer.end();
  }

  @Test
  void serverStreaming() {
    StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder();
    int[] sizes = {31415, 9, 2653, 58979};
    for (int size : sizes) {
      request.addResponseParameters(ResponseParameters.newBuilder().setSize(size));
    }
    Iterator<StreamingOutputCallResponse> answers = blocking.streamingOutputCall(request.build());
    for (int size : sizes) {
      assertThat(answers.next().getPayload().getBody().size()).isEqualTo(size);
    }
    assertThat(answers.hasNext()).isFalse();
  }

  @Test
  void pingPong() throws Exception {
    Collected<StreamingOutputCallResponse> answers = new Collected<>();
    StreamObserver<StreamingOutputCallRequest> requests = async.fullDuplexCall(answers);
    int[] sizes = {31415, 9, 2653, 58979};
    for (int size : sizes) {
      requests.onNext(
          StreamingOutputCallRequest.newBuilder()
              .addResponseParameters(ResponseParameters.newBuilder().setSize(size))
              .setPayload(zeros(size))
              .build());
      assertThat(answers.next().getPayload().getBody().size()).isEqualTo(size);
    }
    requests.onCompleted();
    answers.end();
  }

  @Test
  void statusCodeAndMessageOnBothKindsOfCall() throws Exception {
    EchoStatus wanted =
        EchoStatus.newBuilder().setCode(2).setMessage("test status \\t☺ message").build();
    StatusRuntimeException unary =
        assertThrows(
            StatusRuntimeException.class,
            () -> {
              SimpleResponse _ =
                  blocking.unaryCall(SimpleRequest.newBuilder().setResponseStatus(wanted).build());
            });
    assertThat(unary.getStatus().getCode()).isEqualTo(Status.Code.UNKNOWN);
    assertThat(unary.getStatus().getDescription()).isEqualTo(wanted.getMessage());
    Collected<StreamingOutputCallResponse> answers = new Collected<>();
    StreamObserver<StreamingOutputCallRequest> requests = async.fullDuplexCall(answers);
    requests.onNext(StreamingOutputCallRequest.newBuilder().setResponseStatus(wanted).build());
    requests.onCompleted();
    assertThat(answers.failure().getDescription()).isEqualTo(wanted.getMessage());
  }

  @Test
  void customMetadataComesBackInHeadAndTrailers() {
    Metadata metadata = new Metadata();
    Metadata.Key<String> initial =
        Metadata.Key.of("x-grpc-test-echo-initial", Metadata.ASCII_STRING_MARSHALLER);
    Metadata.Key<byte[]> trailing =
        Metadata.Key.of("x-grpc-test-echo-trailing-bin", Metadata.BINARY_BYTE_MARSHALLER);
    metadata.put(initial, "test_initial_metadata_value");
    metadata.put(trailing, new byte[] {(byte) 0xAB, (byte) 0xAB, (byte) 0xAB});
    AtomicReference<Metadata> head = new AtomicReference<>();
    AtomicReference<Metadata> trailers = new AtomicReference<>();
    SimpleResponse _ =
        blocking
            .withInterceptors(
                MetadataUtils.newAttachHeadersInterceptor(metadata),
                MetadataUtils.newCaptureMetadataInterceptor(head, trailers))
            .unaryCall(SimpleRequest.newBuilder().setResponseSize(1).build());
    assertThat(head.get().get(initial)).isEqualTo("test_initial_metadata_value");
    assertThat(trailers.get().get(trailing)).containsExactly(0xAB, 0xAB, 0xAB);
  }

  @Test
  void unimplementedMethod() {
    StatusRuntimeException failure =
        assertThrows(
            StatusRuntimeException.class,
            () -> {
              Empty _ = blocking.unimplementedCall(Empty.getDefaultInstance());
            });
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
  }

  @Test
  void cancelAfterTheFirstResponse() throws Exception {
    Collected<StreamingOutputCallResponse> answers = new Collected<>();
    StreamObserver<StreamingOutputCallRequest> requests = async.fullDuplexCall(answers);
    requests.onNext(
        StreamingOutputCallRequest.newBuilder()
            .addResponseParameters(ResponseParameters.newBuilder().setSize(31415))
            .setPayload(zeros(27182))
            .build());
    answers.next();
    requests.onError(Status.CANCELLED.asRuntimeException());
    assertThat(answers.failure().getCode()).isEqualTo(Status.Code.CANCELLED);
    Loopback.await("the node has been told", () -> node().inFlight() == 0);
  }

  @Test
  void deadlineOfASleepingServer() {
    StatusRuntimeException failure =
        assertThrows(
            StatusRuntimeException.class,
            () -> {
              Iterator<StreamingOutputCallResponse> answers =
                  blocking
                      .withDeadlineAfter(50, TimeUnit.MILLISECONDS)
                      .streamingOutputCall(
                          StreamingOutputCallRequest.newBuilder()
                              .addResponseParameters(
                                  ResponseParameters.newBuilder()
                                      .setSize(1)
                                      .setIntervalUs(30_000_000))
                              .build());
              answers.next();
            });
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
  }

  /**
   * As above, where the deadline has been told to us, and the client does not look at the clock.
   */
  @Test
  void whoToldADeadlineHearsThatItHasPassed() {
    Metadata told = new Metadata();
    told.put(Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER), "50m");
    StatusRuntimeException failure =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                blocking
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(told))
                    .streamingOutputCall(
                        StreamingOutputCallRequest.newBuilder()
                            .addResponseParameters(
                                ResponseParameters.newBuilder()
                                    .setSize(1)
                                    .setIntervalUs(30_000_000))
                            .build())
                    .next());
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(failure.getStatus().getDescription()).contains("did not answer in the time");
  }

  @Test
  void aNodeThatSaysNotServingIsDownAndSaysWhy() throws Exception {
    health.setStatus("shop.Orders", ServingStatus.NOT_SERVING);
    Loopback.await("the node is down", () -> !node().facts().up());
    Loopback.await("it says why", () -> node().facts().reason().contains("says NOT_SERVING"));
    health.clearStatus("shop.Orders");
    Loopback.await(
        "the reason changes", () -> node().facts().reason().contains("does not know the service"));
    health.setStatus("shop.Orders", ServingStatus.SERVING);
    Loopback.await("the node is up again", () -> node().facts().up());
    assertThat(blocking.emptyCall(Empty.getDefaultInstance()))
        .isEqualTo(Empty.getDefaultInstance());
  }

  private static Payload zeros(int size) {
    return Payload.newBuilder().setBody(ByteString.copyFrom(new byte[size])).build();
  }

  /** What a stream brought. */
  private static final class Collected<T> implements StreamObserver<T> {
    private final BlockingQueue<Object> events = new ArrayBlockingQueue<>(100);

    @Override
    public void onNext(T value) {
      events.add(value);
    }

    @Override
    public void onError(Throwable failure) {
      events.add(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      events.add("end");
    }

    @SuppressWarnings("unchecked") // a T, or the test fails right here
    T next() throws InterruptedException {
      return (T) take();
    }

    void end() throws InterruptedException {
      assertThat(take()).isEqualTo("end");
    }

    Status failure() throws InterruptedException {
      return (Status) take();
    }

    private Object take() throws InterruptedException {
      Object event = events.poll(20, TimeUnit.SECONDS);
      assertThat(event).as("an event within 20 s").isNotNull();
      return event;
    }
  }
}
