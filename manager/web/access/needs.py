"""What each route asks of its caller. A route that is not in NEEDS is refused, so that none is open by oversight.

Names are Flask's endpoints, and those of Starlette's routes for what waits.
"""

from collections.abc import Mapping
from enum import Enum

from ...rules.access import Need


class Touch(Enum):
    """What a route that needs OPERATE acts on, and so which tags count for an operator who is limited to some.

    The first are in the path, and are looked up before the view is called. MANY: the view, or what it calls, asks for
    each; what the caller may not touch is left out and named in the answer. What is not in TOUCHES acts on the FARM.
    """

    WORKER = "worker_id"
    JOB = "job_id"
    TASK = "task_id"
    SCHEDULE = "schedule_id"
    ROLLOUT = "rollout_id"
    MANY = "many"
    FARM = "farm"


_BY_NEED: Mapping[Need, str] = {
    Need.OPEN: """
        static
        health.alive health.ready
        upnp.description
        loginpages.sign_in loginpages.try_to_sign_in loginpages.welcome loginpages.choose
        oidcpages.start oidcpages.back oidcpages.signed_out
        meta_api.show_version meta_api.show_document
        worker_api.register
        agent_api.enrol
    """,
    Need.WORKER: """
        push.worker
        worker_api.sign_on worker_api.sign_off worker_api.state worker_api.state_changed
        worker_api.fetch worker_api.update worker_api.may_i_run worker_api.output_produced
    """,
    Need.AGENT: """
        push.agent
        agent_api.report agent_api.take_tickets agent_api.conclude
    """,
    Need.VIEW: """
        live.workers live.worker live.jobs live.job live.log
        metrics.show
        pages.home pages.workers
        loginpages.sign_out
        accountpages.account accountpages.change_password accountpages.end_sessions accountpages.set_shortcuts
        tokenpages.mine tokenpages.add tokenpages.revoke
        token_api.list_tokens token_api.make_token token_api.revoke_token
        joinpages.show joinpages.ask
        joining_api.show_joining joining_api.list_enrolments
        actionpages.plan pages.turn savedviews.change
        tagpages.every tagpages.one tagpages.sleep
        rolloutpages.every rolloutpages.one live.rollouts
        workerpages.worker
        historypages.history historypages.farm
        carepages.ask
        agentpages.every
        installpages.install installpages.download
        schedulepages.sleep
        jobpages.jobs jobpages.job jobpages.ask_delete jobpages.ask_delete_old
        taskpages.task taskpages.log taskpages.picture
        meta_api.show_status meta_api.show_configuration meta_api.show_variables meta_api.show_shared_storage
        operator_api.list_workers operator_api.show_worker
        query_api.find_workers query_api.show_request
        tag_api.list_tags tag_api.show_tag
        schedule_api.list_schedules schedule_api.show_schedule schedule_api.show_schedules_of_worker
        schedule_api.show_sleep_schedule schedule_api.preview_schedule
        rollout_api.every rollout_api.one
        agent_api.list_agents agent_api.show_ticket
        job_api.list_job_types job_api.show_job_type job_api.list_jobs job_api.show_job job_api.list_tasks
        job_api.show_last_rendered job_api.show_jobs_last_rendered job_api.show_blocklist job_api.foresee_deletion
        task_api.show_task task_api.show_log task_api.show_log_tail task_api.send_job_file
    """,
    Need.OPERATE: """
        actionpages.act actionpages.decide actionpages.withdraw actionpages.undo actionpages.hurry
        rolloutpages.command
        tagpages.add tagpages.change tagpages.assign tagpages.save
        agentpages.ask agentpages.drill
        carepages.set_tags
        schedulepages.save
        jobpages.change jobpages.set_tag jobpages.set_priority jobpages.requeue_failed jobpages.unblock
        jobpages.delete jobpages.delete_old taskpages.change
        joinpages.decide joinpages.make joinpages.revoke_code
        joining_api.let_in joining_api.turn_away joining_api.make_enrolment joining_api.revoke_enrolment
        operator_api.set_worker_status
        action_api.act action_api.withdraw
        plan_api.make plan_api.apply
        rollout_api.make rollout_api.command
        schedule_api.add_schedule schedule_api.change_schedule schedule_api.delete_schedule
        schedule_api.set_sleep_schedule
        tag_api.add_tag tag_api.change_tag tag_api.delete_tag tag_api.set_tags_of_worker
        agent_api.start agent_api.force_restart agent_api.drill
        job_api.submit_job job_api.check_job job_api.set_job_status job_api.set_job_priority job_api.set_job_tag
        job_api.delete_job job_api.delete_jobs job_api.shorten_blocklist
        task_api.set_task_status
        meta_api.shaman
    """,
    Need.ADMIN: """
        operator_api.delete_worker
        joinpages.revoke
        carepages.forget
        agentpages.remove
        joining_api.revoke
        agent_api.delete_agent
        peoplepages.people peoplepages.add peoplepages.person peoplepages.grant peoplepages.link
        peoplepages.end_sessions peoplepages.turn_off
        tokenpages.all_of_them
        auditpages.show auditpages.export auditpages.verify
        noticepages.show noticepages.test noticepages.again
        audit_api.list_audit audit_api.verify_audit
        meta_api.show_configuration_file meta_api.change_configuration meta_api.check_path
    """,
}

NEEDS: Mapping[str, Need] = {name: need for need, names in _BY_NEED.items() for name in names.split()}

_BY_TOUCH: Mapping[Touch, str] = {
    Touch.WORKER: """
        schedulepages.save
        operator_api.set_worker_status
        schedule_api.set_sleep_schedule
        agent_api.start agent_api.force_restart agent_api.drill
    """,
    Touch.JOB: """
        jobpages.change jobpages.set_priority jobpages.requeue_failed jobpages.unblock jobpages.delete
        job_api.set_job_status job_api.set_job_priority job_api.delete_job job_api.shorten_blocklist
    """,
    Touch.TASK: "task_api.set_task_status taskpages.change",
    Touch.SCHEDULE: "schedule_api.change_schedule schedule_api.delete_schedule",
    Touch.ROLLOUT: "rollout_api.command rolloutpages.command",
    Touch.MANY: """
        actionpages.act actionpages.decide actionpages.withdraw actionpages.undo actionpages.hurry
        action_api.act action_api.withdraw
        plan_api.make plan_api.apply
        rollout_api.make
        agentpages.ask agentpages.drill
        schedule_api.add_schedule
        job_api.submit_job job_api.check_job job_api.set_job_tag jobpages.set_tag
        meta_api.shaman
    """,
}

TOUCHES: Mapping[str, Touch] = {name: touch for touch, names in _BY_TOUCH.items() for name in names.split()}
