# Starts one program at a time for the runner and waits until nothing of it is left. See helper.ts for why it exists.
#
#   perl fork-helper.pl <number of prctl(2) here, or 0>
#
# It writes `ready <1 if it adopts orphans, else 0>`, then for each request on standard input either
# `refused <what> <errno>` or `started <pid>` and later `ended <wait status>`.
# A request is its length in bytes, a newline, then fields joined by NUL: cwd, stdin, stdout, stderr, the number of
# environment entries, these as NAME=value, argv. No field is ever read by a shell.
use strict;
use warnings;
no warnings 'exec';
use POSIX ();

use constant { PR_SET_PDEATHSIG => 1, PR_SET_CHILD_SUBREAPER => 36 };

my $prctl = $ARGV[0];
my $runner = getppid();
my ($main, $gentle);

# The runner has died without a word (kill -9): end what runs, then this. The kernel sends this TERM.
$SIG{TERM} = sub { $gentle = 0; kill_rest(); reap_rest(); POSIX::_exit(1) };
# The runner has sent TERM to the group: what is left when the program ends may still take its time...
$SIG{USR1} = sub { $gentle = 1 };
# ...until now. It comes again and again: Perl may miss the first one while it enters waitpid.
$SIG{USR2} = sub { $gentle = 0; kill_rest() };
$SIG{PIPE} = 'IGNORE';    # the runner's end must not be the end of this while a program runs

# What the server was started with by mistake is not the tasks' business.
if (opendir my $open, '/dev/fd') {
  my @open = grep { /^\d+$/ && $_ > 2 } readdir $open;
  closedir $open;
  POSIX::close($_) for @open;
}

my $adopts = 0;
if ($prctl) {
  # Orphans of the program become children of this process, however they left its group: a double fork or setsid
  # does not hide them, nor does an empty environment.
  $adopts = syscall($prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 1 : 0;
  syscall($prctl, PR_SET_PDEATHSIG, POSIX::SIGTERM(), 0, 0, 0);
  POSIX::_exit(1) if getppid() != $runner;    # it died before the line above
}
say_line("ready $adopts");

while (defined(my $request = next_request())) {
  my ($cwd, $in, $out, $err, $count, @rest) = split /\0/, $request, -1;
  my @env = splice @rest, 0, $count;
  $gentle = 0;
  my $refusal = start($cwd, $in, $out, $err, \@env, \@rest);
  if (defined $refusal) {
    say_line("refused $refusal");
    next;
  }
  say_line("started $main");
  my $status = wait_for_main();
  # Its number is free since a moment ago, unless somebody is left in its group; it is not given again within a moment,
  # for numbers are given in turn.
  kill 'KILL', -$main unless $gentle;
  reap_rest();
  undef $main;
  say_line("ended $status");
}

# Forks and waits for exec(2). The pipe closes by itself on success, so the program then has its own session, its
# files and its directory: whoever hears `started` may signal the whole group.
sub start {
  my ($cwd, $in, $out, $err, $env, $argv) = @_;
  pipe(my $read, my $write) or return 'pipe ' . ($! + 0);
  my $pid = fork();
  return 'fork ' . ($! + 0) unless defined $pid;
  if ($pid == 0) {
    $SIG{TERM} = $SIG{PIPE} = 'DEFAULT';    # caught signals become the default by exec, ignored ones do not
    my $refuse = sub { syswrite $write, "$_[0] " . ($! + 0); POSIX::_exit(127) };
    POSIX::setsid();
    connect_fd(0, $in, POSIX::O_RDONLY()) or $refuse->('stdin');
    connect_fd(1, $out, POSIX::O_WRONLY() | POSIX::O_APPEND() | POSIX::O_CREAT()) or $refuse->('stdout');
    if ($err eq $out) { POSIX::dup2(1, 2) }
    else { connect_fd(2, $err, POSIX::O_WRONLY() | POSIX::O_APPEND() | POSIX::O_CREAT()) or $refuse->('stderr') }
    chdir $cwd or $refuse->('cwd');
    %ENV = map { split /=/, $_, 2 } @$env;
    exec { $argv->[0] } @$argv;
    $refuse->('exec');
  }
  close $write;
  my $refusal = '';
  while (1) {
    my $got = sysread $read, $refusal, 64, length $refusal;
    last if defined $got ? $got == 0 : !$!{EINTR};
  }
  if ($refusal ne '') {
    waitpid $pid, 0;
    return $refusal;
  }
  $main = $pid;
  return undef;
}

sub connect_fd {
  my ($fd, $path, $flags) = @_;
  my $opened = POSIX::open($path, $flags, 0600);
  return 0 unless defined $opened;
  if ($opened != $fd) {
    POSIX::dup2($opened, $fd);
    POSIX::close($opened);
  }
  return 1;
}

# Reaps adopted orphans on the way.
sub wait_for_main {
  while (1) {
    my $pid = waitpid(-1, 0);
    return $? if $pid == $main;
    return 0 if $pid == -1;
  }
}

# Returns when all children, born or adopted, are gone and reaped: at once when there are none.
sub reap_rest {
  while (1) {
    my $pid = waitpid(-1, POSIX::WNOHANG());
    return if $pid == -1;
    next if $pid > 0;
    kill_rest() unless $gentle;
    return if waitpid(-1, 0) == -1;
  }
}

# Kills every child, those in the program's group all at once. The number of a child that was not reaped, and of a
# group that it is in, is given to nobody else, so no stranger is hit.
sub kill_rest {
  opendir my $proc, '/proc' or return kill 'KILL', -$main;
  for my $pid (grep { /^\d+$/ } readdir $proc) {
    open my $file, '<', "/proc/$pid/stat" or next;
    local $/;
    my $stat = <$file>;
    next unless defined $stat && $stat =~ /^.*\) \S (\d+) (\d+)/s && $1 == $$;
    kill 'KILL', defined $main && $2 == $main ? -$main : $pid;
  }
}

my $pending;
sub next_request {
  $pending = '' unless defined $pending;
  while (1) {
    if ($pending =~ /^(\d+)\n/) {
      my ($header, $length) = (length($1) + 1, $1);
      if (length($pending) >= $header + $length) {
        my $request = substr $pending, $header, $length;
        $pending = substr $pending, $header + $length;
        return $request;
      }
    }
    my $got = sysread STDIN, $pending, 65536, length $pending;
    return undef if defined $got ? $got == 0 : !$!{EINTR};
  }
}

sub say_line { syswrite STDOUT, "$_[0]\n" }
