import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Apache Kafka's own clients, led by lines: each is a command and is answered with a line. */
public class Peer {
    static Admin admin;
    static Properties settings = new Properties();
    static KafkaProducer<byte[], byte[]> producer;

    public static void main(String[] arguments) throws Exception {
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("key.serializer", ByteArraySerializer.class.getName());
        settings.put("value.serializer", ByteArraySerializer.class.getName());
        settings.put("metadata.max.age.ms", "1000");
        settings.put("enable.idempotence", "true");
        admin = Admin.create(settings);
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            try {
                System.out.println("ok " + run(line.split(" ", 6)));
            } catch (Exception error) {
                System.out.println("error " + error);
            }
        }
    }

    static String run(String[] word) throws Exception {
        switch (word[0]) {
            case "create" -> admin.createTopics(List.of(new NewTopic(word[1], Integer.parseInt(word[2]), (short) 1))).all().get();
            case "delete" -> {
                admin.deleteTopics(List.of(word[1])).all().get();
                renew();
            }
            case "partitions" -> {
                admin.createPartitions(Map.of(word[1], NewPartitions.increaseTo(Integer.parseInt(word[2])))).all().get();
                renew();
            }
            case "trim" -> admin.deleteRecords(Map.of(of(word), RecordsToDelete.beforeOffset(Long.parseLong(word[3])))).all().get();
            case "send" -> {
                for (int number = Integer.parseInt(word[3]); number <= Integer.parseInt(word[4]); number++) send(word, number);
                producer().flush();
            }
            case "transaction" -> {
                var own = new Properties();
                own.putAll(settings);
                own.put("transactional.id", "peer-" + word[3]);
                try (var transactional = new KafkaProducer<byte[], byte[]>(own)) {
                    transactional.initTransactions();
                    transactional.beginTransaction();
                    for (int number = Integer.parseInt(word[3]); number <= Integer.parseInt(word[4]); number++)
                        transactional.send(new ProducerRecord<>(word[1], Integer.valueOf(word[2]), null, observation(number)));
                    transactional.flush();
                    if (word[5].equals("commit")) transactional.commitTransaction();
                    else transactional.abortTransaction();
                }
            }
            case "raw" -> {
                var headers = new RecordHeaders().add("trace", "7".getBytes()).add("binary", new byte[] {(byte) 0xff});
                byte[] value = word[3].equals("null") ? null : word[3].getBytes(StandardCharsets.UTF_8);
                producer().send(new ProducerRecord<>(word[1], Integer.valueOf(word[2]), "khóa".getBytes(StandardCharsets.UTF_8), value, headers)).get();
            }
            case "committed" -> {
                var offsets = admin.listConsumerGroupOffsets(word[1]).partitionsToOffsetAndMetadata().get();
                return offsets.entrySet().stream().map(it -> it.getKey() + "=" + it.getValue().offset() + "=" + it.getValue().metadata()).sorted().collect(Collectors.joining(";"));
            }
            case "reset" -> admin.alterConsumerGroupOffsets(word[4], Map.of(of(word), new OffsetAndMetadata(Long.parseLong(word[3])))).all().get();
            case "id" -> {
                return admin.describeTopics(List.of(word[1])).allTopicNames().get().get(word[1]).topicId().toString();
            }
            case "scram" -> {
                var how = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);
                admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(word[1], how, word[2]))).all().get();
            }
            default -> throw new IllegalArgumentException(word[0]);
        }
        return "";
    }

    static TopicPartition of(String[] word) {
        return new TopicPartition(word[1], Integer.parseInt(word[2]));
    }

    static void send(String[] word, int number) {
        byte[] key = "TN_UBNDTN_KHIXQU".getBytes();
        producer().send(new ProducerRecord<>(word[1], Integer.valueOf(word[2]), key, observation(number)));
    }

    /** One observation a minute from 2026-11-19T00:00:00+07:00; the value says which one it is. */
    static byte[] observation(int number) {
        String value = Integer.toString(number / 10) + "." + number % 10;
        return ("{\"indicator\":\"pm25\",\"subject\":\"ST01\",\"ts\":" + (1795021200 + 60 * number) + ",\"value\":" + value + "}").getBytes();
    }

    static KafkaProducer<byte[], byte[]> producer() {
        if (producer == null) producer = new KafkaProducer<>(settings);
        return producer;
    }

    /** What it knows of topics is another's. */
    static void renew() {
        if (producer != null) producer.close();
        producer = null;
    }
}
