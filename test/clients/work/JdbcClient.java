// JDBC: `java -cp postgresql.jar JdbcClient.java PORT USER`. Server prepares, batches, fetch sizes, COPY, savepoints.
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import org.postgresql.PGConnection;

public class JdbcClient {
  public static void main(String[] args) throws Exception {
    String url = "jdbc:postgresql://127.0.0.1:" + args[0] + "/clients?sslmode=disable&gssEncMode=disable&prepareThreshold=2&user=" + args[1];
    try (Connection connection = DriverManager.getConnection(url)) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE jdbc_work (id int PRIMARY KEY, name text)");
        statement.execute("SELECT 1; SELECT 2");
      }
      batches(connection);
      fetches(connection);
      copies(connection);
      savepoints(connection);
    }
  }

  static void batches(Connection connection) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO jdbc_work VALUES (?, ?)")) {
      for (int id = 0; id < 20; id++) {
        insert.setInt(1, id);
        insert.setString(2, id % 3 == 0 ? null : "n" + id);
        insert.addBatch();
      }
      insert.executeBatch();
      for (int id : new int[] {50, 51, 3, 52}) {
        insert.setInt(1, id);
        insert.setString(2, "again");
        insert.addBatch();
      }
      try {
        insert.executeBatch();
        throw new AssertionError("expected an error");
      } catch (BatchUpdateException expected) {
        if (!"23505".equals(expected.getSQLState())) throw expected;
      }
    }
    try (PreparedStatement select = connection.prepareStatement("SELECT name FROM jdbc_work WHERE id = ?")) {
      for (int id = 0; id < 6; id++) {
        select.setInt(1, id);
        try (ResultSet rows = select.executeQuery()) {
          while (rows.next()) rows.getString(1);
        }
      }
    }
  }

  static void fetches(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(7);
      try (ResultSet rows = statement.executeQuery("SELECT g FROM generate_series(1, 30) g")) {
        while (rows.next()) rows.getInt(1);
      }
      try (ResultSet rows = statement.executeQuery("SELECT g FROM generate_series(1, 40) g")) {
        rows.next(); // Left open with most of it unread.
      }
    }
    connection.commit();
    connection.setAutoCommit(true);
  }

  static void copies(Connection connection) throws Exception {
    var copy = connection.unwrap(PGConnection.class).getCopyAPI();
    copy.copyIn("COPY jdbc_work FROM STDIN", new StringReader("100\tcopied\n101\t\\N\n"));
    copy.copyOut("COPY jdbc_work TO STDOUT", new StringWriter());
    try {
      copy.copyIn("COPY jdbc_work FROM STDIN", new StringReader("x\tno number\n"));
      throw new AssertionError("expected an error");
    } catch (SQLException expected) {
      if (!"22P02".equals(expected.getSQLState())) throw expected;
    }
  }

  static void savepoints(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("UPDATE jdbc_work SET name = 'x' WHERE id < 5");
      Savepoint point = connection.setSavepoint();
      try {
        statement.executeQuery("SELECT 1 / 0");
      } catch (SQLException expected) {
        connection.rollback(point);
      }
      statement.executeUpdate("DELETE FROM jdbc_work WHERE id = 5");
    }
    connection.rollback();
    connection.setAutoCommit(true);
  }
}
